"""The points of a sweep: the runs that one is made of, and what they came to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syntonic.runners.config.run_config import RunConfig


@dataclass(frozen=True)
class Job:
    """One run of a sweep.

    Attributes:
        number: of the run, from 0.
        point: number of its point; the runs of one point differ in their seed alone.
        text: what was set, for people: `trainer.sigma=0.1 seed=3`.
        overrides: the overrides that it was composed from.
        values: of the swept keys.
        config: None if the point cannot be run.
        faults: why not.
    """

    number: int
    point: int
    text: str
    overrides: tuple[str, ...]
    values: dict[str, Any]
    config: RunConfig | None
    digest: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class PointResult:
    """What the runs of one point came to.

    Attributes:
        value: the mean, to be made small; None: a run of them failed, or has none.
        pruned: generation at which one was given up, and the value that it had; None if none was.
        jobs: its runs.
        mean, spread: of the sweep's metric over the runs that have a value; the spread is the sample's standard
            deviation, NaN for a single run.
        runs: how many have a value.
    """

    value: float | None = None
    pruned: tuple[int, float] | None = None
    jobs: Sequence[Job] = ()
    mean: float = math.nan
    spread: float = math.nan
    runs: int = 0

    @property
    def count(self) -> str:
        """How many runs have a value, and of how many if some have none."""
        return str(self.runs) if self.is_whole else f"{self.runs} of {len(self.jobs)}"

    @property
    def is_whole(self) -> bool:
        """Whether every run has a value: without those that were given up, the mean of the rest looks too good."""
        return self.runs == len(self.jobs)
