"""Figures of a model and of a run, for those who train from Python."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import WINDOW, archonic
from syntonic.sn import Module


@dataclass(frozen=True, slots=True)
class WeightStatistics:
    """Mean, population standard deviation, smallest, largest value and Euclidean norm of a parameter's values."""

    mean: float
    deviation: float
    minimum: float
    maximum: float
    norm: float


def layer_syntonies(model: Module) -> dict[str, float]:
    """Returns the syntony S of each parameter, by its name; 0 for one without energy."""
    return {name: parameter.data.syntony for name, parameter in model.named_parameters()}


def weight_statistics(model: Module) -> dict[str, WeightStatistics]:
    """Returns the statistics of each parameter, by its name."""
    return {name: _statistics(parameter.values()) for name, parameter in model.named_parameters()}


def syntony_gap(syntony: float, target: float = PHI_INVERSE) -> dict[str, float]:
    """Returns how far a syntony is from a target in (0, 1]: the gap, the gap as a share of the target, and the ratio.

    Raises:
        ValueError: a target outside of (0, 1].

    >>> syntony_gap(0.25, target=0.5)
    {'syntony_gap': 0.25, 'syntony_relative_gap': 0.5, 'syntony_ratio': 0.5}
    """
    if not 0 < target <= 1:
        raise ValueError(f"target is {target}; syntony lies in 0 to 1, so the target must lie above 0 and at most at 1")
    gap = target - syntony
    return {"syntony_gap": gap, "syntony_relative_gap": gap / target, "syntony_ratio": syntony / target}


class MetricsAggregator:
    """Means of metrics over batches of different sizes."""

    def __init__(self) -> None:
        self.reset()

    def update(self, metrics: Mapping[str, float], count: int = 1) -> None:
        """Adds the metrics of a batch of `count` examples.

        Raises:
            ValueError: a count below 1.
        """
        if count < 1:
            raise ValueError(f"count is {count}; a batch has at least one example")
        for name, value in metrics.items():
            total, number = self._totals.get(name, (0.0, 0))
            self._totals[name] = total + value * count, number + count

    def compute(self) -> dict[str, float]:
        """Returns the mean over examples of each metric."""
        return {name: total / number for name, (total, number) in self._totals.items()}

    def reset(self) -> None:
        """Forgets all."""
        self._totals: dict[str, tuple[float, int]] = {}


class SyntonyTracker:
    """Syntony over the last `window` generations; every figure is 0 before the first.

    Args:
        window: generations that count.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._values: deque[float] = deque(maxlen=window)

    def add(self, syntony: float) -> None:
        """Adds the syntony of a generation."""
        self._values.append(syntony)

    @property
    def mean(self) -> float:
        """Mean."""
        return archonic(list(self._values), window=self._window).mean

    @property
    def variance(self) -> float:
        """Population variance."""
        return archonic(list(self._values), window=self._window).deviation ** 2

    @property
    def trend(self) -> float:
        """Mean of the newer half minus that of the older."""
        return archonic(list(self._values), window=self._window).trend

    @property
    def is_archonic(self) -> bool:
        """Whether the window is full and goes up and down without getting anywhere."""
        return archonic(list(self._values), window=self._window).is_archonic


def _statistics(values: list[float]) -> WeightStatistics:
    mean = math.fsum(values) / len(values)
    variance = math.fsum((x - mean) ** 2 for x in values) / len(values)
    norm = math.sqrt(math.fsum(x * x for x in values))
    return WeightStatistics(mean, math.sqrt(variance), min(values), max(values), norm)
