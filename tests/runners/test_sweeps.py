"""A sweep: what it runs and what it skips, how it repeats, judges and ends, and what it tells."""

import json
import re
import sqlite3
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.config.compose import Points
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.settings import Settings
from syntonic.runners.sweep.state import SweepState

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]


def facts(run: Path) -> dict[str, object]:
    """Returns what `run.json` says."""
    return json.loads((run / "run.json").read_text())  # type: ignore[no-any-return]


def losses(folder: Path) -> list[float]:
    """Returns the final losses, in the order of the runs."""
    return [json.loads((run / "run.json").read_text())["results"]["test_loss"] for run in runs(folder)]


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_a_nan_and_a_crash_are_named_and_the_rest_finishes(command: Command, folder: Path, capsys: Said) -> None:
    words = ["-m", "benchmark.is_nan=false,true", "trainer.fails_at=null,9", "hydra.launcher.name=basic"]
    assert command(*words) == 1
    said = capsys.readouterr().out
    nan, crash = "benchmark.is_nan=true trainer.fails_at=null", "benchmark.is_nan=false trainer.fails_at=9"
    assert f"failed: {nan}: test_loss is nan" in said
    assert f"failed: {crash}: RuntimeError: the core is on fire" in said
    (page,) = folder.glob(".syntonic/sweeps/*/sweep.html")
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        ids = dict(database.execute("SELECT run_uuid, status FROM runs"))
        tags = list(database.execute("SELECT run_uuid, key, value FROM tags"))
    parents = {value for _, key, value in tags if key == "mlflow.parentRunId"}
    (parent,) = parents
    assert sum(key == "mlflow.parentRunId" for _, key, _ in tags) == 4
    assert sorted(ids.values()) == ["FAILED", "FAILED", "FINISHED", "FINISHED", "FINISHED"]
    assert ids[parent] == "FINISHED"
    (note,) = [value for run, key, value in tags if run == parent and key == "mlflow.note.content"]
    for text in (note, page.read_text()):
        assert nan in text
        assert crash in text
        assert "the core is on fire" in text
        assert "test_loss is nan" in text
    assert list(folder.glob(f".syntonic/artifacts/{parent}/artifacts/sweep.html"))


def test_the_same_sweep_again_runs_nothing_and_says_so(command: Command, folder: Path, capsys: Said) -> None:
    words = ["-m", "tracking=none", "seed=range(0,3)"]
    assert command(*words) == 0
    before = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    capsys.readouterr()
    assert command(*words) == 0
    said = capsys.readouterr().out
    assert "nothing was left to run" in said
    assert said.count("as before") == 3
    assert sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts) == before


def test_what_finished_alone_or_elsewhere_is_not_run_again(command: Command, folder: Path) -> None:
    assert command("tracking=none", "seed=1") == 0
    assert command("-m", "tracking=none", "seed=0,1,1") == 0
    assert [facts(run)["config"]["seed"] for run in runs(folder)] == [1, 0]  # type: ignore[index]
    assert command("-m", "tracking=none", "seed=0,1", "sweep.skip_finished=false") == 0
    assert len(runs(folder)) == 4


def test_what_another_core_computed_is_run_again(command: Command, folder: Path, capsys: Said) -> None:
    assert command("tracking=none") == 0
    (run,) = runs(folder)
    (run / "run.json").write_text(json.dumps({**facts(run), "core": "another"}))
    assert command("-m", "tracking=none", "seed=0") == 0
    assert len(runs(folder)) == 2
    assert "another build of the core" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_a_run_whose_folder_is_gone_is_found_in_the_store(command: Command, folder: Path, capsys: Said) -> None:
    assert command("seed=3") == 0
    (run,) = runs(folder)
    (run / "run.json").unlink()
    assert command("-m", "seed=3") == 0
    assert "as before" in capsys.readouterr().out


def test_seeds_fan_out_with_mean_and_spread(command: Command, folder: Path, capsys: Said) -> None:
    assert command("tracking=none", "sweep.seeds=5", "seed=10", "trainer.sigma=0.1,0.2") == 0
    said = capsys.readouterr().out
    found = losses(folder)
    assert [facts(run)["config"]["seed"] for run in runs(folder)] == [*range(10, 15)] * 2  # type: ignore[index]
    for sigma, values in (("0.1", found[:5]), ("0.2", found[5:])):
        result = next(line.split() for line in said.splitlines() if line.split()[:2] == [f"trainer.sigma={sigma}", "5"])
        assert result[2:4] == [f"{statistics.mean(values):.4f}", f"{statistics.stdev(values):.4f}"]


def test_a_dry_run_tells_and_writes_nothing(command: Command, folder: Path, capsys: Said) -> None:
    assert command("-m", "seed=0,1,1", "sweep.dry_run=true") == 0
    said = capsys.readouterr().out
    assert "3 runs: 2 to run, 1 to skip" in said
    assert "the same as run 1" in said
    assert "time: unknown" in said
    assert list(folder.iterdir()) == []
    assert command("tracking=none", "seed=1") == 0
    assert command("-m", "tracking=none", "seed=0,1", "sweep.dry_run=true") == 0
    said = capsys.readouterr().out
    assert f"finished as {runs(folder)[0].name}" in said
    assert re.search(r"time: about [\d.e-]+ s", said)
    assert len(runs(folder)) == 1


def test_a_point_of_which_runs_were_given_up_is_not_the_best() -> None:
    state = SweepState(Settings())
    losses = {"a": [0.3, 0.5], "b": [0.1, None], "c": [None, None], "d": [0.35, 0.4]}
    for point, (name, values) in enumerate(losses.items()):
        for seed, value in enumerate(values):
            job = Job(2 * point + seed, point, name, (), {"x": name, "seed": seed}, None, "")
            results = {} if value is None else {"test_loss": value}
            state.jobs[job.number] = job
            state.put(RunResult(job.number, "FINISHED" if results else "PRUNED", results), job)
    ranked = [(point.jobs[0].text, point.count) for point in state.ranked()]
    assert ranked == [("d", "2"), ("a", "2"), ("b", "1 of 2"), ("c", "0 of 2")]
    best = state.best()
    assert best is not None
    assert best.jobs[0].text == "d"


def test_a_point_that_is_there_twice_is_run_and_told_once(command: Command, folder: Path, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=3,3", "trainer.fails_at=5") == 1
    said = capsys.readouterr().out
    assert len(runs(folder)) == 1
    assert said.count("failed: seed=3: RuntimeError: the core is on fire") == 1
    assert said.count("the same again") == 1
    assert "as before" not in said
    assert "retry      re-run the same command to retry what has failed" in said


def test_a_dry_run_of_what_is_finished_says_that_nothing_is_left(command: Command, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=0") == 0
    assert command("-m", "tracking=none", "seed=0", "sweep.dry_run=true") == 0
    assert "nothing is left to run" in capsys.readouterr().out


def test_every_point_of_a_grid_is_composed_once(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    compose = Points.compose
    monkeypatch.setattr(Points, "compose", lambda self, words: composed.append(tuple(words)) or compose(self, words))
    assert command("-m", "seed=0,1,2", "trainer.sigma=0.1,0.2", "sweep.dry_run=true") == 0
    assert len(composed) == len(set(composed)) == 6


@pytest.mark.parametrize(("word", "begun"), [("continue", 5), ("stop", 1), ("stop_after:2", 2)])
def test_failures_end_a_sweep_when_that_was_asked_for(command: Command, folder: Path, word: str, begun: int) -> None:
    assert command("-m", "tracking=none", "trainer.fails_at=3", "seed=range(0,5)", f"sweep.on_failure={word}") == 1
    assert len(runs(folder)) == begun


def test_what_has_failed_is_tried_again_after_what_has_not_run(command: Command, folder: Path, capsys: Said) -> None:
    words = ["-m", "tracking=none", "trainer.fails_at=3,null", "seed=0,1", "sweep.on_failure=stop_after:2"]
    assert command(*words) == 1
    assert [facts(run)["status"] for run in runs(folder)] == ["FAILED", "FAILED"]
    assert "stopped    after 2 failures, by sweep.on_failure=stop_after:2" in capsys.readouterr().out
    assert command(*words) == 1
    assert [facts(run)["status"] for run in runs(folder)] == ["FAILED", "FAILED", "FINISHED", "FINISHED"]


def test_the_best_point_is_the_largest_where_that_is_wanted(command: Command, capsys: Said) -> None:
    words = ["-m", "tracking=none", "trainer.max_generations=1,20", "sweep.metric=test_loss"]
    assert command(*words) == 0
    assert "best: trainer.max_generations=20" in capsys.readouterr().out
    assert command(*words, "sweep.mode=max") == 0
    assert "best: trainer.max_generations=1," in capsys.readouterr().out


def test_a_metric_that_no_run_has_is_said_with_the_right_word(command: Command, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "sweep.metric=tset_loss") == 2
    said = capsys.readouterr().err
    assert "sweep.metric=tset_loss: there is no such metric; did you mean 'test_loss'?" in said
    assert "the results are train_loss, train_accuracy, test_loss, test_accuracy" in said


def test_random_search_draws_the_same_points_each_time(command: Command, folder: Path) -> None:
    space = ["trainer.sigma=tag(log,interval(0.01,1))", "trainer.max_generations=interval(3,6)", "model.hidden=[2],[3]"]
    words = ["-m", "tracking=none", "hydra/sweeper=random", "hydra.sweeper.n_trials=8", *space]
    assert command(*words) == 0
    assert command(*words) == 0
    configs = [facts(run)["config"] for run in runs(folder)]
    assert len(configs) == 8
    assert len({config["trainer"]["sigma"] for config in configs}) == 8  # type: ignore[index]
    assert all(0.01 <= config["trainer"]["sigma"] <= 1 for config in configs)  # type: ignore[index]
    assert {config["trainer"]["max_generations"] for config in configs} <= {3, 4, 5, 6}  # type: ignore[index]


def test_hopeless_runs_are_given_up_and_stay_given_up(command: Command, folder: Path, capsys: Said) -> None:
    # The more generations there are, the smaller the loss; a small sigma walks least, so the order of losses is known.
    words = ["-m", "tracking=none", "sweep.prune=loss", "trainer.max_generations=32", "seed=range(0,8)"]
    assert command(*words) == 0
    said = capsys.readouterr().out
    given_up = [run for run in runs(folder) if facts(run)["reason"] == "pruned"]
    assert 0 < len(given_up) < 5, "the first four have too few to compare with"
    assert all(facts(run)["status"] == "KILLED" for run in given_up)
    assert all(facts(run)["generation"] < 32 for run in given_up)  # type: ignore[operator]
    assert said.count("given up after generation") == len(given_up)
    assert command(*words) == 0
    assert "nothing was left to run" in capsys.readouterr().out


def test_a_sweep_that_is_run_anew_gives_up_the_same_runs(command: Command, folder: Path) -> None:
    words = ["-m", "tracking=none", "sweep.prune=loss", "trainer.max_generations=32", "seed=range(0,8)"]
    assert command(*words) == 0
    assert command(*words, "sweep.skip_finished=false") == 0
    ends = [(facts(run)["reason"], facts(run)["generation"]) for run in runs(folder)]
    assert ends[8:] == ends[:8]


def test_a_sweep_goes_on_by_its_id_and_refuses_another_one(command: Command, folder: Path, capsys: Said) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "trainer.fails_at=3", "sweep.on_failure=stop") == 1
    assert len(runs(folder)) == 1
    assert command("sweep.resume=last", "sweep.on_failure=continue") == 1
    assert len(runs(folder)) == 2, "the failed run went on in its own folder"
    assert command("sweep.resume=last", "trainer.sigma=0.3,0.4") == 2
    assert "define a different sweep" in capsys.readouterr().err


def test_the_page_shows_the_settings_that_mattered(command: Command, folder: Path) -> None:
    words = ["tracking=none", "trainer.max_generations=2,20", "trainer.sigma=0.1,0.100001", "sweep.seeds=2"]
    assert command("-m", *words) == 0
    (page,) = folder.glob(".syntonic/sweeps/*/sweep.html")
    text = page.read_text()
    assert text.count("<svg") == 3 + 2, "settings, shares and points; loss and accuracy"
    assert text.count("<polyline") == 8 + 2 * 8
    bars = re.findall(r'text-anchor="end">([\w.]+)</text>.*?>(\d+)%<', text, re.S)
    assert bars[0][0] == "trainer.max_generations"
    assert int(bars[0][1]) > 50
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", ""), "the page needs nothing from elsewhere"
