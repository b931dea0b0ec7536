"""The axes of charts: where a number lies, and which round numbers stand beside it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_TICKS: Final = 5
_DECADES: Final = 30.0  # a range of so many times its least value is drawn on a logarithmic axis where that is allowed


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        low, high: the numbers at its ends.
        log: whether equal distances are equal ratios.
    """

    low: float
    high: float
    log: bool = False

    @classmethod
    def of(cls, values: Iterable[float], *, log: bool = False) -> "Axis":
        """Returns the axis that holds finite values; a logarithmic one if that is allowed and shows more."""
        found = list(values)
        low, high = min(found), max(found)
        return cls(low, high, log and low > 0 and high / low > _DECADES)

    def share(self, value: float) -> float:
        """Returns how far along the axis a value lies, 0 to 1 of those between its ends."""
        if self.log:
            low, high, value = math.log(self.low), math.log(self.high), math.log(max(value, 5e-324))
        else:
            low, high = self.low, self.high
        span = high / 2 - low / 2  # halves: the difference of two large numbers may be none
        return (value / 2 - low / 2) / span if span > 0 else 0.5

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yields round numbers on the axis as (share, text)."""
        values = list(self._decades() if self.log else self._round())
        if len(values) < 2:
            values = list(dict.fromkeys([self.low, self.high]))
        places = max((_places(value) for value in values), default=0)
        for value in values:
            yield self.share(value), _text(value, places)

    def _round(self) -> Iterator[float]:
        step = _step(self.high / _TICKS - self.low / _TICKS)
        if not step or not math.isfinite(step):
            return
        first = math.ceil(self.low / step - 1e-9)
        for index in range(first, first + 3 * _TICKS):
            value = index * step
            if value > self.high + 1e-9 * step or not math.isfinite(value):
                return
            yield value

    def _decades(self) -> Iterator[float]:
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        every = max(1, math.ceil((last - first + 1) / _TICKS))
        yield from (10.0**power for power in range(first, last + 1, every) if power > -308)


def _step(rough: float) -> float:
    # 1, 2 or 5 times a power of ten.
    if not 1e-300 < rough < 1e300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def _places(value: float) -> int:
    if not 1e-4 <= abs(value) < 1e5:
        return 0
    return next((places for places in range(7) if math.isclose(round(value, places), value, rel_tol=1e-9)), 4)


def _text(value: float, places: int) -> str:
    if value and not 1e-4 <= abs(value) < 1e5:
        return f"{value:.3g}"
    return f"{value:.{places}f}" if places else f"{value:.0f}" if math.isclose(value, round(value)) else f"{value:.4g}"
