"""How a sweep stands: the results of its runs, the values of its points, the best of them, and what went wrong."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from syntonic.core.status import Status
from syntonic.runners.config.errors import did_you_mean
from syntonic.runners.sweep.points import Job, PointResult
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.settings import Settings


@dataclass
class SweepState:
    """The results of a sweep by the number of the run, and the jobs that they belong to."""

    settings: Settings
    jobs: dict[int, Job] = field(default_factory=dict)
    results: dict[int, RunResult] = field(default_factory=dict)

    def value(self, number: int) -> float | None:
        """Returns the metric of a run; None if it has none, or if it is NaN or infinite."""
        result = self.results.get(number)
        value = result.results.get(self.settings.chosen) if result and result.status == Status.FINISHED else None
        return value if value is not None and math.isfinite(value) else None

    def trouble(self, number: int) -> str:
        """Returns what is wrong with a run that has ended, an empty string if nothing is."""
        result = self.results.get(number)
        if result is None or result.status in (Status.KILLED, Status.PRUNED):
            return ""
        if result.status != Status.FINISHED:
            return result.reason or result.status
        metric = self.settings.chosen
        if metric not in result.results:
            return f"it has no result {metric!r}{did_you_mean(metric, list(result.results))}; set sweep.metric"
        value = result.results[metric]
        return "" if math.isfinite(value) else f"{metric} is {value}"

    def about(self, number: int) -> str:
        """Returns what else is to be said of a run that is in no trouble: that it is an earlier one, why it ended."""
        result = self.results.get(number)
        said = [] if result is None else ["as before" * result.reused, "" if self.trouble(number) else result.reason]
        return ", ".join(filter(None, said))

    @property
    def failures(self) -> dict[int, str]:
        """Runs that failed, by number, with the cause."""
        return {number: cause for number in sorted(self.results) if (cause := self.trouble(number))}

    @property
    def can_fail_again(self) -> bool:
        """Whether a run failed that the next attempt would carry out; one whose metric is NaN has finished."""
        return any(self.results[number].status != Status.FINISHED for number in self.failures)

    @property
    def left(self) -> list[int]:
        """Runs that were interrupted, or not started."""
        return [n for n in sorted(self.jobs) if n not in self.results or self.results[n].status == Status.KILLED]

    @property
    def ended(self) -> int:
        """How many runs have come to an end of their own."""
        return len(self.jobs) - len(self.left)

    def points(self) -> list[PointResult]:
        """Returns the points in order; runs that differ in their seed alone are one point."""
        groups: dict[str, list[Job]] = {}
        for number in sorted(self.jobs):
            job = self.jobs[number]
            groups.setdefault(_without_seed(job.values), []).append(job)
        return [self._point(jobs) for jobs in groups.values()]

    def best(self) -> PointResult | None:
        """Returns the best point, one whose every run has a value if there is one; None if no run has any."""
        return next((point for point in self.ranked() if point.runs), None)

    def ranked(self) -> list[PointResult]:
        """Returns the points, the best first, those of which some runs have no value after those that are whole."""
        sign = self.settings.sign
        return sorted(
            self.points(),
            key=lambda point: (not point.runs, not point.is_whole, sign * point.mean if point.runs else 0.0),
        )

    def reported(self) -> list[str]:
        """Returns the results that the runs have in their tables: what they are compared by, and those on test data."""
        chosen = self.settings.chosen
        names = [key for result in self.results.values() for key in result.results]
        first = [chosen] if chosen in names and not chosen.startswith("test_") else []
        return list(dict.fromkeys([*first, *(key for key in names if key.startswith("test_"))]))

    def told(self, jobs: Sequence[Job]) -> list[PointResult]:
        """Returns what a sweeper is told of the points of these runs, one entry for each point."""
        points = dict.fromkeys(job.point for job in jobs)
        return [self._point([job for job in jobs if job.point == point]) for point in points]

    def put(self, result: RunResult, job: Job) -> None:
        """Takes the result of a job."""
        self.results[job.number] = replace(result, number=job.number)

    def _point(self, jobs: list[Job]) -> PointResult:
        values = [value for job in jobs if (value := self.value(job.number)) is not None]
        pruned = [result.pruned for job in jobs if (result := self.results.get(job.number)) and result.pruned]
        mean = statistics.fmean(values) if values else math.nan
        whole = len(values) == len(jobs)
        return PointResult(
            self.settings.sign * mean if whole else None,
            pruned[0] if pruned and not whole else None,
            jobs,
            mean,
            statistics.stdev(values) if len(values) > 1 else math.nan,
            len(values),
        )


def _without_seed(values: Mapping[str, object]) -> str:
    return repr([(key, value) for key, value in values.items() if key != "seed"])
