"""How fast a run is, and how long the rest of it takes."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from syntonic.runners.run.status_line import Standing

_WINDOW: Final = 150  # pictures over which the speed is measured that the time left follows from


class Speed:
    """Where a run stands, from the clock and the counts alone.

    Args:
        total: generations of the whole run, 0 if that is not known.
        done: generations done already.
        evaluations: returns how many members were evaluated so far.
    """

    def __init__(self, total: int, done: int, evaluations: Callable[[], int]) -> None:
        self.total = total
        self._evaluations, self._before = evaluations, evaluations()
        self._began = time.monotonic()
        self._rate = 0.0
        self._recent = deque([(self._began, done)], maxlen=_WINDOW)

    def count(self) -> None:
        """Asks how many members were evaluated so far; by the thread that trains, in which the core is not at work."""
        spent = time.monotonic() - self._began
        self._rate = (self._evaluations() - self._before) / spent if spent > 0 else 0.0

    def standing(self, generation: int, metrics: Mapping[str, float], losses: Sequence[float]) -> Standing:
        """Returns how the run stands after a generation, as last counted; `losses` are those so far."""
        now = time.monotonic()
        then, before = self._recent[0]
        self._recent.append((now, generation))
        left = (self.total - generation) * (now - then) / (generation - before) if generation > before else math.nan
        return Standing(generation, self.total, metrics, left, self._rate, losses)
