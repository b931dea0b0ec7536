"""Watches syntony generation by generation and keeps the archonic spells."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import NOISE_FLOOR, WINDOW, archonic


@dataclass(frozen=True, slots=True)
class ArchonicRegion:
    """A spell of generations in which syntony went up and down and got nowhere.

    Attributes:
        start: the first generation of the window that was first found archonic.
        end: the last generation that belongs to it.
        severity: the greatest on the way, 0 to 1.
    """

    start: int
    end: int
    severity: float


class ArchonicDetector:
    """Finds archonic regions; see `syntonic.core.archonic` for what they are.

    Args:
        window: generations that are looked at together.
        cooldown: generations without a finding after which the next one begins a new region.
        target: syntony that is enough, above 0 and at most 1.
        noise_floor: standard deviation up to which syntony stands still.
    """

    def __init__(
        self,
        window: int = WINDOW,
        *,
        cooldown: int = 20,
        target: float = PHI_INVERSE,
        noise_floor: float = NOISE_FLOOR,
    ) -> None:
        self._window: Final = window
        self._cooldown: Final = cooldown
        self._target: Final = target
        self._noise_floor: Final = noise_floor
        self._values: deque[float] = deque(maxlen=window)
        self._regions: list[ArchonicRegion] = []

    def update(self, generation: int, syntony: float) -> bool:
        """Takes the syntony of one generation and returns whether the window that ends with it is archonic."""
        self._values.append(syntony)
        found = archonic(list(self._values), window=self._window, target=self._target, noise_floor=self._noise_floor)
        if found.is_archonic:
            last = self._regions[-1] if self._regions else None
            if last and generation - last.end <= self._cooldown:
                self._regions[-1] = replace(last, end=generation, severity=max(last.severity, found.severity))
            else:
                start = generation - self._window + 1
                self._regions.append(ArchonicRegion(start, generation, found.severity))
        return found.is_archonic

    @property
    def regions(self) -> list[ArchonicRegion]:
        """The regions so far, oldest first."""
        return list(self._regions)
