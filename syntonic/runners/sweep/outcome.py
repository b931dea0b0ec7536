"""What a sweep has come to, for Python and for notebooks: its points, the best one first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syntonic.core.status import Status
from syntonic.runners.run.folder import home
from syntonic.runners.sweep.report import FILE
from syntonic.runners.sweep.state import SweepState


@dataclass(frozen=True)
class SweepPoint:
    """One point of a sweep.

    Attributes:
        values: what was set, without the seed.
        mean, spread: of the metric over its runs; the spread is NaN for a single one, both are if none has a value.
        runs: the ids of its runs.
        results: the final metrics of each run that has finished, in the order of the runs.
    """

    values: dict[str, Any]
    mean: float
    spread: float
    runs: list[str]
    results: list[Mapping[str, float]] = field(repr=False)


@dataclass(frozen=True)
class SweepOutcome:
    """A sweep that has ended.

    Attributes:
        id: of the sweep, a folder in `<home>/sweeps/`.
        metric: by which points are judged.
        points: the best first.
        failures: the cause, by what the run was to do.
        left: how many runs were interrupted or not started.
        report: the HTML file that tells it.
    """

    id: str
    metric: str
    points: list[SweepPoint]
    failures: dict[str, str]
    left: int
    report: Path

    @property
    def best(self) -> SweepPoint | None:
        """The best point, None if no run has a value."""
        return self.points[0] if self.points and self.points[0].mean == self.points[0].mean else None

    def _repr_html_(self) -> str:
        from syntonic.runners.run.shown import framed
        from syntonic.tracking.report.page import table

        keys = list(dict.fromkeys(key for point in self.points for key in point.values))
        rows = [
            (
                *(str(point.values.get(key, "")) for key in keys),
                *map(_number, (point.mean, point.spread)),
                len(point.runs),
            )
            for point in self.points
        ]
        failed = table(("failed", "cause"), self.failures.items()) if self.failures else ""
        left = f"<p>{self.left} runs are left</p>" if self.left else ""
        best = 0 if self.best else None
        return framed(table((*keys, f"mean {self.metric}", "spread", "runs"), rows, best), failed, left)


def outcome(state: SweepState, sweep: str) -> SweepOutcome:
    """Returns what a sweep has come to.

    Args:
        state: how it stands.
        sweep: its id.
    """
    points = []
    for point in state.ranked():
        results = [state.results[job.number] for job in point.jobs if job.number in state.results]
        values = {key: value for key, value in point.jobs[0].values.items() if key != "seed"}
        finished = [result.results for result in results if result.status == Status.FINISHED]
        points.append(SweepPoint(values, point.mean, point.spread, [result.run_id for result in results], finished))
    failures = {state.jobs[number].text: cause for number, cause in state.failures.items()}
    place = (home() / "sweeps" / sweep / FILE).resolve()
    return SweepOutcome(sweep, state.settings.chosen, points, failures, len(state.left), place)


def _number(value: float) -> float | None:
    return value if value == value else None
