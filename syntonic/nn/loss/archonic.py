"""The archonic pattern: syntony that swings without getting anywhere.

A history is archonic if it moves more than a noise floor, its later half is not clearly higher or lower than its
earlier one, and it stays below a target. "Clearly" is two standard errors of the difference of the halves' means; one
is 2 s / sqrt(n) for n independent values of standard deviation s. Feed it what each generation had, not the best so
far: a record never falls and so never swings.
"""

import math
from collections.abc import Sequence
from typing import Final

from syntonic._core import PHI_INVERSE

_LEAST: Final = 10


def trend(history: Sequence[float]) -> float:
    """Returns the mean of the later half minus that of the earlier half; 0 for fewer than two values.

    >>> trend([1.0, 1.0, 2.0, 4.0])
    2.0
    """
    half = len(history) // 2
    return sum(history[-half:]) / half - sum(history[:half]) / half if half else 0.0


def variance(history: Sequence[float]) -> float:
    """Returns the population variance; 0 for no values."""
    if not history:
        return 0.0
    mean = math.fsum(history) / len(history)
    return math.fsum((value - mean) ** 2 for value in history) / len(history)


def is_archonic(
    history: Sequence[float], *, window: int = 20, noise_floor: float = 1e-3, target: float = PHI_INVERSE
) -> bool:
    """Returns whether the last `window` values swing without progress below the target.

    Args:
        history: Syntony of each generation, oldest first; fewer than `window` values are never archonic.
        window: Number of values looked at, at least 10.
        noise_floor: Standard deviation up to which a history counts as standing still.
        target: Mean syntony from which on swinging is no fault, in (0, 1].

    Raises:
        ValueError: an argument out of range.
    """
    if window < _LEAST or noise_floor < 0 or not 0 < target <= 1:
        raise ValueError(
            f"expected a window of at least {_LEAST}, a noise floor of at least 0 and 0 < target <= 1, "
            f"got {window}, {noise_floor} and {target}"
        )
    if len(history) < window:
        return False
    last = history[-window:]
    spread = math.sqrt(variance(last))
    settled = abs(trend(last)) < 2 * spread * math.sqrt(4 / window)
    return spread > noise_floor and settled and sum(last) / window < target


class ArchonicPenalty:
    """weight (target - mean S) while the history is archonic, 0 otherwise; outside the forward pass.

    Args:
        weight: Weight.
        window: Number of generations looked at.
        noise_floor: Standard deviation up to which a history counts as standing still.
        target: Syntony to be reached, in (0, 1].

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self, weight: float = 0.1, *, window: int = 20, noise_floor: float = 1e-3, target: float = PHI_INVERSE
    ) -> None:
        is_archonic([], window=window, noise_floor=noise_floor, target=target)  # refuses bad arguments now
        self._weight: Final = weight
        self._window: Final = window
        self._noise_floor: Final = noise_floor
        self._target: Final = target

    def __call__(self, history: Sequence[float]) -> float:
        """Returns the penalty for a history of syntony, oldest first."""
        if not is_archonic(history, window=self._window, noise_floor=self._noise_floor, target=self._target):
            return 0.0
        return self._weight * (self._target - sum(history[-self._window :]) / self._window)
