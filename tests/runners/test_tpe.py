"""The Bayesian sweep: its proposals depend on what it was told and on nothing else, so that it can go on."""

import json
import math
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.sweep.points import PointResult
from syntonic.runners.sweep.space import Dimension, Proposal
from syntonic.runners.sweepers.random import Random
from syntonic.runners.sweepers.tpe import Tpe

Command = Callable[..., int]
SPACE = [
    Dimension("x", low=-4.0, high=4.0),
    Dimension("y", low=1e-3, high=1e3, log=True),
    Dimension("n", low=1, high=9, integer=True),
    Dimension("o", tuple(range(8)), tuple(f"o={n}" for n in range(8)), ordered=True),
    Dimension("c", ("a", "b"), ("c=a", "c=b")),
]
WORDS = [
    "-m",
    "hydra/sweeper=tpe",
    "hydra.sweeper.n_trials=9",
    "hydra.sweeper.startup=3",
    "tracking=none",
    "trainer.sigma=tag(log,interval(0.01,1))",
    "model.hidden=[2],[3],[4]",
    "trainer.seconds=0.01",
]


def bowl(point: Proposal) -> float:
    """Smallest at x = 1, y = 1, c = b."""
    values = point.values
    return (values["x"] - 1) ** 2 + math.log10(values["y"]) ** 2 + (values["c"] == "a")


def proposals(sweeper: Tpe | Random, value: Callable[[Proposal], PointResult]) -> Iterator[list[Proposal]]:
    """Runs a sweeper against a function."""
    batches = sweeper.batches()
    batch = next(batches)
    while True:
        yield batch
        try:
            batch = batches.send([value(point) for point in batch])
        except StopIteration:
            return


def flat(batches: Iterator[Sequence[Proposal]]) -> list[Proposal]:
    """Returns all points in order."""
    return [point for batch in batches for point in batch]


@pytest.mark.parametrize("batch", [1, 4])
def test_the_same_answers_give_the_same_points(batch: int) -> None:
    def told(point: Proposal) -> PointResult:
        value = bowl(point)
        return PointResult(pruned=(3, value)) if value > 12 else PointResult() if value > 9 else PointResult(value)

    first, second = (flat(proposals(Tpe(SPACE, batch, n_trials=30, startup=8), told)) for _ in range(2))
    assert first == second
    assert len(first) == 30
    other = flat(proposals(Tpe(SPACE, batch, n_trials=30, startup=8, seed=1), told))
    assert other != first


def test_points_lie_in_the_space_and_words_say_what_values_do() -> None:
    for point in flat(proposals(Tpe(SPACE, 2, n_trials=20), lambda point: PointResult(bowl(point)))):
        values = point.values
        assert -4 <= values["x"] <= 4
        assert 1e-3 <= values["y"] <= 1e3
        assert values["n"] in range(1, 10)
        assert point.overrides[0] == f"x={values['x']}"
        assert point.overrides[3:] == (f"o={values['o']}", f"c={values['c']}")


def test_it_finds_better_points_than_random_search() -> None:
    def best(sweeper: Tpe | Random) -> float:
        return min(bowl(point) for point in flat(proposals(sweeper, lambda point: PointResult(bowl(point)))))

    by_tpe = [best(Tpe(SPACE, 1, n_trials=60, startup=10, seed=seed)) for seed in range(5)]
    by_chance = [best(Random(SPACE, 1, n_trials=60, seed=seed)) for seed in range(5)]
    assert statistics.median(by_tpe) < statistics.median(by_chance)


def points(folder: Path) -> list[tuple[float, list[int]]]:
    """Returns what the runs of a folder set, in the order in which they began."""
    configs = [json.loads((run / "run.json").read_text())["config"] for run in runs(folder)]
    return [(config["trainer"]["sigma"], config["model"]["hidden"]) for config in configs]


@pytest.mark.slow
def test_a_resumed_sweep_proposes_what_an_uninterrupted_one_does(
    command: Command, process: Callable[..., object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = process(*WORDS)
    deadline = time.monotonic() + 180
    while len(runs(folder)) < 6:
        assert child.poll() is None  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)  # type: ignore[attr-defined]
    said, _ = child.communicate(timeout=60)  # type: ignore[attr-defined]
    assert child.returncode == 128 + signal.SIGTERM, said  # type: ignore[attr-defined]
    assert len(runs(folder)) < 9
    assert command(*WORDS) == 0
    (folder / "whole").mkdir()
    monkeypatch.chdir(folder / "whole")
    assert command(*WORDS) == 0
    assert len(points(folder)) == 9
    assert points(folder) == points(folder / "whole")
