"""What a sweep goes through: ranges in decimals, orders that stay, and how long it is to take."""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from runner_folders import runs

from syntonic.runners.run.record import RunRecord
from syntonic.runners.sweep.estimate import Estimate
from syntonic.runners.sweep.space import Dimension, dimension

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]
TPE = ["-m", "tracking=none", "hydra/sweeper=tpe", "hydra.sweeper.n_trials=6", "hydra.sweeper.startup=2"]


def of(word: str) -> Dimension:
    """Returns the dimension of an override."""
    return dimension(OverridesParser.create().parse_override(word), OmegaConf.create({"x": 0.0}))


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("x=range(0.1,0.4,0.1)", [0.1, 0.2, 0.3]),
        ("x=range(0.1,0.41,0.1)", [0.1, 0.2, 0.3, 0.4]),
        ("x=range(1,0,-0.25)", [1.0, 0.75, 0.5, 0.25]),
        ("x=range(0,1e-7,5e-8)", [0.0, 5e-8]),
        ("x=range(0,5)", [0, 1, 2, 3, 4]),
        ("x=range(5,0,-2)", [5, 3, 1]),
        ("x=float(range(0,2))", [0.0, 1.0]),
    ],
)
def test_a_range_is_in_decimals_and_leaves_its_end_out(word: str, values: list[float]) -> None:
    found = of(word)
    assert list(found.choices) == values
    assert [type(value) for value in found.choices] == [type(value) for value in values]
    assert found.overrides == tuple(f"x={value!r}" for value in values)
    assert found.ordered


@given(st.integers(-500, 500), st.integers(-500, 500), st.integers(1, 300), st.booleans(), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_a_range_is_that_of_exact_fractions(start: int, stop: int, step: int, down: bool, places: int) -> None:
    low, high, by = (Fraction(number, 10**places) for number in (start, stop, -step if down else step))
    wanted = [
        low + index * by for index in range(1001) if (low + index * by < high) != down or low + index * by == high
    ]
    wanted = [value for value in wanted if value != high]
    texts = [f"{float(number)!r}" for number in (low, high, by)]
    word = f"x=range({','.join(texts)})"
    if not wanted or "e" in word:
        return
    assert list(of(word).choices) == [float(value) for value in wanted]


@pytest.mark.parametrize(
    "word", ["x=range(0,1,0)", "x=range(0,nan)", "x=range(inf,0)", "x=range(0,1e9)", "x=range(1,1)"]
)
def test_a_range_without_values_or_end_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="range"):
        of(word)


@pytest.mark.parametrize("inside", ["range(0,20)", "0.1,0.2,true,a,'b c',[1,2]"])
def test_a_shuffled_list_keeps_its_order_and_each_value_its_word(inside: str) -> None:
    plain, first, second = (
        of(f"x={inside}" if "range" in inside else f"x=choice({inside})"),
        *(of(f"x=shuffle({inside})") for _ in range(2)),
    )
    assert first == second
    assert not first.ordered
    pairs = list(zip(plain.overrides, map(repr, plain.choices), strict=True))
    assert sorted(zip(first.overrides, map(repr, first.choices), strict=True)) == sorted(pairs)
    assert first.overrides != plain.overrides


@pytest.mark.parametrize(("key", "integer"), [("trainer.rank", True), ("trainer.sigma_final", False), ("x", False)])
def test_an_interval_over_what_is_null_holds_what_the_argument_takes(key: str, integer: bool) -> None:
    base = OmegaConf.create({"trainer": {"name": "retrocausal", "rank": None, "sigma_final": None}, "x": None})
    found = dimension(OverridesParser.create().parse_override(f"{key}=interval(1,3)"), base)
    assert found.integer is integer
    assert found.setting(found.at(0.99))[1] == (3 if integer else 2.98)


def test_a_sweep_over_a_range_of_decimals_runs_them(command: Command, folder: Path) -> None:
    assert command("-m", "tracking=none", "trainer.sigma=range(0.1,0.4,0.1)") == 0
    found = [json.loads((run / "run.json").read_text())["config"]["trainer"]["sigma"] for run in runs(folder)]
    assert found == [0.1, 0.2, 0.3]


def test_proposals_made_together_are_another_sweep(command: Command, folder: Path, capsys: Said) -> None:
    words = [*TPE, "trainer.sigma=interval(0.01,1)"]
    assert command(*words) == 0
    assert command(*words, "sweep.parallel=3", "sweep.dry_run=true") == 0
    assert command(*words, "hydra.sweeper.batch=3") == 0
    sweeps = {path.name for path in folder.glob(".syntonic/sweeps/*")}
    assert len(sweeps) == 2
    assert {json.loads(path.read_text())["id"] for path in folder.glob(".syntonic/sweeps/*/sweep.json")} == sweeps
    capsys.readouterr()
    assert command(*words, "sweep.parallel=3", "sweep.dry_run=true") == 0
    assert "nothing is left to run" in capsys.readouterr().out, "as many together, so the same sweep"
    alone = next(path for path in sorted(folder.glob(".syntonic/sweeps/*"), key=lambda path: path.stat().st_ctime))
    assert command(f"sweep.resume={alone.name}", "sweep.parallel=3") == 2
    assert "define a different sweep" in capsys.readouterr().err


def test_a_parallel_sweep_of_an_earlier_version_goes_on(command: Command, folder: Path, capsys: Said) -> None:
    words = [*TPE, "trainer.sigma=interval(0.01,1)", "hydra.sweeper.batch=3"]
    assert command(*words) == 0
    (sweep,) = folder.glob(".syntonic/sweeps/*")
    former = sweep.with_name(sweep.name[::-1])
    (sweep / "points.json").unlink()
    facts = json.loads((sweep / "sweep.json").read_text())
    (sweep / "sweep.json").write_text(json.dumps({**facts, "id": former.name}))
    sweep.rename(former)
    assert command(f"sweep.resume={former.name}") == 2, "an id that none of its ids is"
    (former_id,) = re.findall(r"sweep ([0-9a-f]{12}):", _former(command, words, capsys))
    (former / "sweep.json").write_text(json.dumps({**facts, "id": former_id}))
    former.rename(former.with_name(former_id))
    assert command(f"sweep.resume={former_id}") == 0
    assert len(runs(folder)) == 6


def _former(command: Command, words: list[str], capsys: Said) -> str:
    from syntonic.runners.sweep.plan import Plan

    found = Plan.id
    Plan.id = property(lambda self: self.former_id)  # type: ignore[assignment, misc]
    try:
        capsys.readouterr()
        assert command(*words) == 0
        return str(capsys.readouterr().out)
    finally:
        Plan.id = found  # type: ignore[misc]


def known(folder: Path, members: int, generations: int, times: dict[int, int], seconds: float) -> RunRecord:
    """Returns the record of a run whose journal has these times, in milliseconds, by step."""
    folder.mkdir()
    lines = [{"step": step, "time": 1_000_000 + moment, "metrics": {"loss": 0.5}} for step, moment in times.items()]
    (folder / "journal.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    config = {"trainer": {"population_size": members, "max_generations": generations}}
    return RunRecord(folder.name, "t", 0.0, config, "config", [], seconds=seconds, folder=folder)


@pytest.mark.parametrize("generations", [2, 10_000])
def test_an_estimate_goes_by_generations_and_not_by_whole_runs(tmp_path: Path, generations: int) -> None:
    # Every run costs half a second; a generation of 64 members takes 2 ms. The runs known are short, or long.
    estimate = Estimate()
    for number in range(3):
        times = {step: 2 * step for step in (1, generations)}
        estimate.add(known(tmp_path / str(number), 64, generations, times, 0.5 + 0.002 * (generations - 1)))
    for members, count in ((64, 1000), (128, 20), (64, 1)):
        found = estimate.seconds({"population_size": members, "max_generations": count})
        assert found == pytest.approx(0.5 + 0.002 * members / 64 * count)
    assert estimate.seconds({"population_size": "many"}) is None


def test_a_run_that_has_not_measured_two_generations_says_nothing(tmp_path: Path) -> None:
    estimate = Estimate()
    assert estimate.seconds({"population_size": 2, "max_generations": 5}) is None
    estimate.add(known(tmp_path / "one", 2, 1, {1: 0}, 3.0))
    assert estimate.seconds({"population_size": 2, "max_generations": 5}) is None
