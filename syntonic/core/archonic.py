"""The archonic pattern: syntony goes round in a cycle and gets nowhere.

A window of n values counts as archonic when four things hold. They move: their standard deviation is above a floor.
They go round: one frequency of their discrete Fourier transform, of at least three turns in the window, holds so large
a share of their variance that independent values would show it in one window of a hundred at most. They do not rise or
fall: without that cycle, the means of the two halves differ by less than twice the standard error that n independent
values of their deviation would have, 2 sd sqrt(4 / n). And they fall short: their mean is below the target.

The null model is Gaussian white noise about a level. There the share x of a frequency exceeds a value with probability
(1 - x)^((n - 3) / 2), and one of the m = n / 2 frequencies does with at most m times that; measured are .8 false alarms
in 100 windows. Source: R. A. Fisher, "Tests of significance in harmonic analysis", Proceedings of the Royal Society A
125, 1929.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from syntonic._core import PHI_INVERSE, Tensor

WINDOW = 50
NOISE_FLOOR = 1e-6
FALSE_ALARMS = 0.01
"""Share of windows of white noise that may count as archonic."""
TURNS = 3
"""A cycle of fewer turns in the window may as well be a drift."""


@dataclass(frozen=True, slots=True)
class Archonic:
    """What a window of syntony values shows.

    Attributes:
        mean: of the window.
        deviation: their standard deviation.
        trend: mean of the second half minus that of the first.
        crossings: how often the values cross their mean.
        is_archonic: whether they go round and get nowhere.
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
    >>> archonic([0.5 + 0.1 * math.sin(2 * math.pi * i / 10) for i in range(50)]).is_archonic
    True
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
    if len(values) < window or deviation <= noise_floor or mean >= target:
        return Archonic(mean, deviation, trend, crossings, False, 0.0)
    share, drift = _cycle([s - mean for s in values], deviation)
    found = abs(trend - drift) < flat and len(values) // 2 * (1 - share) ** ((len(values) - 3) / 2) <= FALSE_ALARMS
    severity = 0.5 * (1 - mean / target) + 0.5 * (1 - abs(trend - drift) / flat) if found else 0.0
    return Archonic(mean, deviation, trend, crossings, found, severity)


def _cycle(values: list[float], deviation: float) -> tuple[float, float]:
    """Returns the share of the variance that the strongest frequency holds, and the trend that its cycle alone shows.

    The share is 0 if the strongest has too few turns.
    """
    count = len(values)
    waves, trends = _waves(count)
    found = Tensor(values, (1, count), "float64").matmul(waves).tolist()[0]
    half = count // 2
    powers = [found[k] ** 2 + found[half + k] ** 2 for k in range(half)]
    strongest = max(range(half), key=powers.__getitem__)
    if strongest + 1 < min(TURNS, half):
        return 0.0, 0.0
    drift = found[strongest] * trends[strongest] + found[half + strongest] * trends[half + strongest]
    return min(1.0, powers[strongest] / (count * deviation**2)), drift


@lru_cache(maxsize=8)
def _waves(count: int) -> tuple[Tensor, tuple[float, ...]]:
    """Returns the waves (count, 2 * half) of 1 to half turns, of length 1 each, cosines first, and each one's trend."""
    half = count // 2
    columns = []
    for wave in (math.cos, math.sin):
        for turns in range(1, half + 1):
            # The fastest wave of an even number of values has no sine.
            gone = wave is math.sin and 2 * turns == count
            column = [0.0 if gone else wave(2 * math.pi * (turns * i % count) / count) for i in range(count)]
            length = math.sqrt(math.fsum(x * x for x in column)) or 1.0
            columns.append([x / length for x in column])
    trends = tuple((math.fsum(column[-half:]) - math.fsum(column[:half])) / half for column in columns)
    return Tensor([[column[i] for column in columns] for i in range(count)], dtype="float64"), trends
