"""The archonic pattern: syntony goes up and down and gets nowhere.

A window of n values counts as archonic when four things hold. They move: their standard deviation is above a floor.
They do not rise or fall: the means of their two halves differ by less than twice the standard error that n independent
values of that deviation would give, 2 sd sqrt(4 / n). They come back: they cross their mean at least half as often as
independent values would, (n - 1) / 4 times, where a slow drift does so rarely. And they fall short: their mean is below
the target.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from syntonic._core import PHI_INVERSE

WINDOW = 50
NOISE_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Archonic:
    """What a window of syntony values shows.

    Attributes:
        mean: of the window.
        deviation: their standard deviation.
        trend: mean of the second half minus that of the first.
        crossings: how often the values cross their mean.
        is_archonic: whether they go up and down and get nowhere.
        severity: 0 to 1; 0 if not archonic, more the further from the target and the flatter the trend.
    """

    mean: float
    deviation: float
    trend: float
    crossings: int
    is_archonic: bool
    severity: float


def archonic(
    syntonies: Sequence[float],
    *,
    window: int = WINDOW,
    target: float = PHI_INVERSE,
    noise_floor: float = NOISE_FLOOR,
) -> Archonic:
    """Judges the last `window` values, one for each generation; fewer are never archonic.

    Args:
        syntonies: S of the centre after each generation (not the best so far, which cannot come down).
        window: how many of them count, at least 4.
        target: the syntony that is enough, above 0 and at most 1.
        noise_floor: standard deviation up to which the values stand still.

    Raises:
        ValueError: a window or a target out of its range.

    >>> archonic([0.3, 0.4] * 10, window=20).is_archonic
    True
    >>> archonic([0.01 * i for i in range(20)], window=20).is_archonic
    False
    """
    if window < 4:
        raise ValueError(f"window is {window}; a pattern needs at least 4 values")
    if not 0 < target <= 1:
        raise ValueError(f"target is {target}; syntony lies in 0 to 1, so the target must lie above 0 and at most at 1")
    values = syntonies[-window:]
    if not values:
        return Archonic(0.0, 0.0, 0.0, 0, False, 0.0)
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((s - mean) ** 2 for s in values) / len(values))
    half = len(values) // 2
    trend = math.fsum(values[-half:]) / half - math.fsum(values[:half]) / half if half else 0.0
    crossings = sum((a < mean) is not (b < mean) for a, b in pairwise(values))
    flat = 2 * deviation * math.sqrt(4 / len(values))
    found = (
        len(values) == window
        and deviation > noise_floor
        and abs(trend) < flat
        and 4 * crossings >= window - 1
        and mean < target
    )
    severity = 0.5 * (1 - mean / target) + 0.5 * (1 - abs(trend) / flat) if found else 0.0
    return Archonic(mean, deviation, trend, crossings, found, severity)
