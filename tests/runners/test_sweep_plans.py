"""What a sweep knows before it begins, and how it judges: intervals, dry runs, directions, shares."""

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from runner_folders import runs

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.sweep.importance import importance
from syntonic.runners.sweep.prune import Pruning
from syntonic.runners.sweep.settings import Settings

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]
TPE = ["-m", "tracking=none", "hydra/sweeper=tpe", "hydra.sweeper.n_trials=6", "hydra.sweeper.startup=2"]


@pytest.mark.parametrize(
    ("interval", "fault"),
    [
        ("trainer.sigma=interval(1,inf)", "must be finite"),
        ("trainer.sigma=interval(nan,1)", "must be finite"),
        ("trainer.sigma=interval(-1e308,1e308)", "must be finite"),
        ("trainer.max_generations=interval(2.2,2.8)", "no two whole numbers"),
        ("trainer.population_size=interval(4,64)", "range(start,stop,step)"),
    ],
)
@pytest.mark.parametrize("sweeper", ["random", "tpe"])
def test_an_interval_that_cannot_be_is_refused(
    command: Command, folder: Path, capsys: Said, sweeper: str, interval: str, fault: str
) -> None:
    assert command("-m", f"hydra/sweeper={sweeper}", interval) == 2
    assert fault in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_an_interval_of_whole_numbers_holds_none_beyond_its_ends(command: Command, capsys: Said) -> None:
    words = ["hydra/sweeper=random", "hydra.sweeper.n_trials=40", "trainer.max_generations=interval(2.5,5.5)"]
    assert command("-m", *words, "sweep.dry_run=true") == 0
    found = capsys.readouterr().out
    assert {n for n in range(10) if f"trainer.max_generations={n} " in found} == {3, 4, 5}


def test_a_drawn_point_that_cannot_be_is_refused_before_the_first_run(
    command: Command, folder: Path, capsys: Said
) -> None:
    words = ["hydra/sweeper=random", "trainer.optimizer=adam,momentum", "trainer.population_size=2,4"]
    assert command("-m", "tracking=none", *words) == 1, "what only the class knows is found when it is made"
    assert "momentum needs" in capsys.readouterr().out
    assert command("-m", "trainer.optimizer=momentum", "trainer.population_size=2", "seed=5,6") == 2, "no run is left"
    assert capsys.readouterr().err.count("momentum needs") == 1
    assert command("-m", "tracking=none", "hydra/sweeper=random", "trainer.population_size=range(3,9)") == 2
    assert "must be even" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["hydra/launcher=ray"],
        ["hydra/launcher=local"],
        ["hydra.launcher.name=local"],
        ["hydra/sweeper=tpe"],
        ["-cn", "x"],
    ],
)
def test_a_launcher_without_a_sweep_is_refused(command: Command, folder: Path, capsys: Said, words: list[str]) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "x.yaml").write_text("defaults: [config, override hydra/launcher: local, _self_]\n")
    assert command("trainer.max_generations=5", *words) == 2
    said = capsys.readouterr().err
    assert "is for sweeps; add -m" in said
    assert "Traceback" not in said
    assert not (folder / ".syntonic").exists()
    with pytest.raises(ValueError, match="for sweeps"):
        syntonic.run(["trainer.max_generations=5", "hydra/launcher=local"])


@pytest.mark.parametrize("word", ["sweep.metric=${eval:1}", "sweep.seeds=${oc.env:NOT_THERE}", "hydra.launcher.x=${a}"])
def test_what_cannot_be_resolved_is_one_line(command: Command, folder: Path, capsys: Said, word: str) -> None:
    assert command("-m", "seed=0,1", word) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 2
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["sweep.prune=test_loss"], "sweep.prune=test_loss: there is no such metric"),
        (["sweep.prune=los"], "did you mean 'loss'?; the trainer reports loss, accuracy"),
        (["sweep.metric=test_bits"], "sweep.metric=test_bits: there is no such metric"),
        (["model=transformer", "benchmark=xor"], "model 'transformer': "),
        (["tracking=mlflow", "tracking.uri=nowhere"], "is no address of a store"),
        (["callbacks=early_stop", "callbacks.early_stop.metric=1"], "callbacks.early_stop.metric"),
    ],
)
def test_what_no_run_can_come_to_is_said_beforehand(folder: Path, capsys: Said, words: list[str], fault: str) -> None:
    small = ["trainer.max_generations=3", "trainer.population_size=4", "trainer.sigma=0.1,0.2"]
    assert main(["-m", "-cn", "config", "tracking=none", *small, *words]) == 2
    assert fault in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_dry_run_of_a_search_follows_the_results_that_are_there(command: Command, folder: Path, capsys: Said) -> None:
    words = [*TPE, "trainer.sigma=interval(0.1,1)"]
    assert command(*words, "sweep.dry_run=true") == 0
    assert "6 runs: 1 to run, 5 more depend on results" in capsys.readouterr().out
    assert command(*words) == 0
    (last,) = runs(folder)[-1:]
    again = json.loads((last / "run.json").read_text())
    (last / "run.json").write_text(json.dumps({**again, "core": "another"}))
    capsys.readouterr()
    assert command(*words, "sweep.dry_run=true") == 0
    said = capsys.readouterr().out
    assert "6 runs: 5 to skip, 1 to run" in said
    assert f"trainer.sigma={again['config']['trainer']['sigma']} " in said
    assert "time: about" in said
    assert command(*words) == 0
    capsys.readouterr()
    assert command(*words, "sweep.dry_run=true") == 0
    assert "nothing is left to run" in capsys.readouterr().out


def test_a_run_whose_metric_is_nan_is_not_promised_another_try(command: Command, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "benchmark.is_nan=true") == 1
    assert "retry" not in capsys.readouterr().out
    assert command("-m", "tracking=none", "seed=0,1", "benchmark.is_nan=true") == 1
    assert "nothing was left to run" in capsys.readouterr().out


def test_how_a_run_was_given_up_is_said_again(command: Command, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    words = ["-m", "tracking=none", "sweep.prune=loss", "trainer.max_generations=32", "seed=range(0,8)"]
    told = []
    for prefix in ("", "as before, "):
        assert command(*words) == 0
        lines = [
            line for line in capsys.readouterr().out.splitlines() if line.startswith(" seed=") and " PRUNED " in line
        ]
        told.append([line.replace(prefix, "").split() for line in lines])
    assert told[0] == told[1] != []


@pytest.mark.parametrize(
    ("metric", "mode", "sign"),
    [("test_loss", None, 1), ("test_accuracy", None, -1), ("test_bits_per_byte", None, 1), ("test_accuracy", "min", 1)],
)
def test_a_metric_is_small_or_large_by_its_name_unless_it_is_said(metric: str, mode: str | None, sign: int) -> None:
    assert Settings(metric=metric, mode=mode).sign == sign


@pytest.mark.parametrize("metric", ["loss", "bits_per_byte"])
def test_a_run_with_small_bits_is_kept_and_one_with_many_is_given_up(tmp_path: Path, metric: str) -> None:
    def ends(number: int, value: float) -> bool:
        watch = Pruning(tmp_path, number, metric, 8)
        watch.after(2, {metric: value})
        return watch.given_up is not None

    assert [ends(number, value) for number, value in enumerate([4.0, 5.0, 6.0, 7.0])] == [False] * 4
    assert not ends(4, 3.0)
    assert ends(5, 8.0)


def test_a_long_sweep_shows_small_losses(command: Command, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "trainer.sigma=0.0001", "trainer.max_generations=200") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" seed=0 ")]
    assert 0 < float(line.split()[2]) < 1e-4


def _epsilon(labels: Sequence[object], values: Sequence[float]) -> float:
    """The share by its other definition: one minus the ratio of the mean squares within and in all."""
    groups = {label: [v for k, v in zip(labels, values, strict=True) if k == label] for label in labels}
    within = sum((v - math.fsum(g) / len(g)) ** 2 for g in groups.values() for v in g) / (len(values) - len(groups))
    mean = math.fsum(values) / len(values)
    return 1 - within / (sum((v - mean) ** 2 for v in values) / (len(values) - 1))


def test_what_a_key_accounts_for_is_nothing_on_average_where_it_does_nothing() -> None:
    source = random.Random(5)
    shares = []
    for _ in range(400):
        points = [{"a": n % 3, "b": n % 2} for n in range(12)]
        values = [source.gauss(0, 1) for _ in points]
        found = importance(points, values)
        shares.append(_epsilon([point["a"] for point in points], values))
        assert math.isclose(found["a"], max(shares[-1], 0.0), abs_tol=1e-12)
        assert math.isclose(found["b"], max(_epsilon([p["b"] for p in points], values), 0.0), abs_tol=1e-12)
    assert abs(sum(shares) / len(shares)) < 0.03
