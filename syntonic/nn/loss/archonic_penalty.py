"""A penalty while syntony goes up and down and gets nowhere: of past generations, and so outside the forward pass."""

from collections.abc import Sequence
from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import NOISE_FLOOR, archonic


class ArchonicPenalty:
    """weight (target - mean S) while the last generations are archonic, 0 otherwise; see `syntonic.core.archonic`.

    Args:
        weight: Weight.
        window: Number of generations looked at, at least 4.
        noise_floor: Standard deviation up to which a history counts as standing still.
        target: Syntony to be reached, in (0, 1].

    Raises:
        ValueError: a negative weight, or another argument out of range.

    >>> ArchonicPenalty(2.0, target=0.5)([0.2, 0.4] * 10)
    0.4
    """

    def __init__(
        self,
        weight: float = 0.1,
        *,
        window: int = 20,
        noise_floor: float = NOISE_FLOOR,
        target: float = PHI_INVERSE,
    ) -> None:
        if weight < 0:
            raise ValueError(f"expected a weight of at least 0, got {weight}")
        archonic([], window=window, noise_floor=noise_floor, target=target)  # refuses bad arguments now
        self._weight: Final = weight
        self._window: Final = window
        self._noise_floor: Final = noise_floor
        self._target: Final = target

    def __call__(self, history: Sequence[float]) -> float:
        """Returns the penalty for the syntony of each generation so far, oldest first."""
        found = archonic(history, window=self._window, noise_floor=self._noise_floor, target=self._target)
        return self._weight * (self._target - found.mean) if found.is_archonic else 0.0
