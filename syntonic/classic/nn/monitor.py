"""Watches a run from Python: a health report at intervals, the last ones kept."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.analysis import HealthReport, health
from syntonic.nn.training import Request
from syntonic.sn import Module


class SyntonyMonitor:
    """Keeps rolling health reports of a model in training; also a callback of a trainer, which asks for nothing.

    Args:
        model: in training.
        window: reports that are kept.
        interval: generations from one report to the next.
        target: syntony that is enough, above 0 and at most 1.
        population_size: members of a generation.

    Raises:
        ValueError: a window, an interval or a population below 1, or a target out of range.
    """

    def __init__(
        self,
        model: Module,
        window: int = 100,
        *,
        interval: int = 10,
        target: float = PHI_INVERSE,
        population_size: int = 64,
    ) -> None:
        for name, size in {"window": window, "interval": interval, "population_size": population_size}.items():
            if size < 1:
                raise ValueError(f"{name} is {size}; it must be at least 1")
        if not 0 < target <= 1:
            raise ValueError(f"target is {target}; syntony lies in 0 to 1, so it must be above 0 and at most 1")
        self._model: Final = model
        self._interval: Final = interval
        self._target: Final = target
        self._population: Final = population_size
        self._records: Final[deque[dict[str, float]]] = deque(maxlen=2 * window)
        self._reports: Final[deque[HealthReport]] = deque(maxlen=window)

    def update(self, metrics: Mapping[str, float]) -> HealthReport:
        """Takes the metrics of a generation, such as `GenerationRecord.metrics()`, and returns a report.

        `nan_members` and `mean_fitness` count as 0 where they are missing.
        """
        self._records.append({"nan_members": 0.0, "mean_fitness": 0.0, **metrics})
        report = health(self._model, list(self._records), population_size=self._population, target=self._target)
        self._reports.append(report)
        return report

    @property
    def reports(self) -> list[HealthReport]:
        """The last reports, oldest first."""
        return list(self._reports)

    @property
    def syntony_history(self) -> list[float]:
        """The syntony of the generations that are still known, oldest first."""
        return [record["syntony"] for record in self._records]

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Takes the metrics of a generation, and reports on every so-many-th."""
        if generation % self._interval == 0:
            self.update(metrics)
        else:
            self._records.append({"nan_members": 0.0, "mean_fitness": 0.0, **metrics})
        return Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns the metrics that are still known."""
        return {"records": list(self._records)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned; reports begin anew."""
        self._records.clear()
        self._records.extend({name: float(value) for name, value in record.items()} for record in state["records"])
