"""Syntony as a figure: of activations, of a pair of layers, of many at once, and over time."""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

from syntonic._core import PHI_INVERSE
from syntonic.nn.loss.archonic import is_archonic, trend, variance
from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms
from syntonic.sn.syntony import operator_syntony as operator_syntony
from syntonic.sn.syntony import sample_syntony


def activation_syntony(x: A, mode_norms: ModeNorms = "scaled") -> A:
    """Returns the mean over samples of the syntony of activations (..., features), a scalar of the forward pass."""
    return sample_syntony(x, mode_norms).mean()


def aggregate_syntony(values: Sequence[float], method: Literal["mean", "min", "max", "geometric"] = "mean") -> float:
    """Returns one syntony for many, such as those of a model's layers; 0.5 for none.

    The geometric mean counts values below 1e-10 as 1e-10.

    Raises:
        ValueError: an unknown method.

    >>> aggregate_syntony([0.2, 0.8], "geometric")
    0.4
    """
    if method not in ("mean", "min", "max", "geometric"):
        raise ValueError(f"expected a method mean, min, max or geometric, got {method!r}")
    if not values:
        return 0.5
    if method == "mean":
        return sum(values) / len(values)
    if method == "geometric":
        return math.exp(math.fsum(math.log(max(value, 1e-10)) for value in values) / len(values))
    return min(values) if method == "min" else max(values)


class SyntonyTracker:
    """The last values of a syntony, and where they are going.

    Args:
        window: Number of values remembered.
        target: Mean syntony from which on swinging is no fault, in (0, 1]; see `is_archonic`.

    Raises:
        ValueError: a window below 10, which says nothing of a trend.
    """

    def __init__(self, window: int = 100, *, target: float = PHI_INVERSE) -> None:
        if window < 10:
            raise ValueError(f"expected a window of at least 10, got {window}")
        self._values: Final[deque[float]] = deque(maxlen=window)
        self._target: Final = target

    def update(self, syntony: float) -> None:
        """Adds a value; the oldest is forgotten when the window is full."""
        self._values.append(syntony)

    @property
    def history(self) -> list[float]:
        """The values remembered, oldest first."""
        return list(self._values)

    @property
    def mean(self) -> float:
        """Their mean; 0.5 for none."""
        return aggregate_syntony(self._values)

    @property
    def trend(self) -> float:
        """The mean of the later half minus that of the earlier; 0 for fewer than 10 values."""
        return trend(self.history) if len(self._values) >= 10 else 0.0

    @property
    def variance(self) -> float:
        """Their population variance; 0 for none."""
        return variance(self._values)

    @property
    def is_archonic(self) -> bool:
        """Whether the last 20 values, or as many as the window holds, swing without progress."""
        return is_archonic(self.history, window=min(20, self._values.maxlen or 20), target=self._target)
