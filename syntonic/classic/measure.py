"""The golden measure: sums over winding states, each weighted by w(n) = e^(-|n|^2 / phi)."""

import math
from collections.abc import Callable
from typing import Final

from syntonic._core import PHI
from syntonic.core.winding import WindingState, count_windings_exact_norm, enumerate_windings


class GoldenMeasure:
    """Sums and means over the winding states with |n| <= max_norm.

    Args:
        max_norm: Radius of the ball that is summed over. Beyond 8 a double no longer sees what is left out.

    Raises:
        ValueError: If max_norm < 0.

    >>> measure = GoldenMeasure(max_norm=3)
    >>> measure.expectation(lambda n: 1.0)
    1.0
    >>> round(measure.expectation(lambda n: n.norm_squared), 3)
    3.059
    """

    def __init__(self, max_norm: int = 10) -> None:
        self.max_norm: Final = max_norm
        squares = range(max_norm**2 + 1) if max_norm >= 0 else range(0)
        if not squares:
            raise ValueError(f"expected max_norm of at least 0, got {max_norm}")
        self._shells: Final = [(square, count_windings_exact_norm(square)) for square in squares]

    @property
    def effective_temperature(self) -> float:
        """Phi / 2: the measure is that of a gas whose state n has energy |n|^2 / 2."""
        return PHI / 2

    def weight(self, state: WindingState) -> float:
        """Returns w(n) = e^(-|n|^2 / phi)."""
        return state.golden_weight

    def log_weight(self, state: WindingState) -> float:
        """Returns ln w(n) = -|n|^2 / phi, also where w(n) itself is too small for a float."""
        return -state.norm_squared / PHI

    def weighted_sum(self, f: Callable[[WindingState], float]) -> float:
        """Returns the sum of f(n) w(n), correctly rounded from its terms."""
        return math.fsum(f(n) * n.golden_weight for n in enumerate_windings(self.max_norm))

    def partition_function(self) -> float:
        """Returns Z, the sum of w(n)."""
        return math.fsum(count * math.exp(-square / PHI) for square, count in self._shells)

    def expectation(self, f: Callable[[WindingState], float]) -> float:
        """Returns the mean of f, its weighted sum over Z."""
        return self.weighted_sum(f) / self.weighted_sum(lambda _: 1.0)

    def variance(self, f: Callable[[WindingState], float]) -> float:
        """Returns the mean of (f - mean)^2, which loses no digits when the mean is large."""
        mean = self.expectation(f)
        return self.expectation(lambda n: (f(n) - mean) ** 2)

    def theta_sum(self, t: float) -> float:
        """Returns the sum of e^(-|n|^2 (1 / phi + pi / t)); for t = infinity that is Z.

        Raises:
            ValueError: Unless t > 0.
        """
        if not t > 0:
            raise ValueError(f"expected a positive t, got {t}")
        rate = 1 / PHI + math.pi / t
        return math.fsum(count * math.exp(-square * rate) for square, count in self._shells)
