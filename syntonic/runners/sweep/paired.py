"""Differences of points on the same seeds, with the interval that holds the true mean difference in 95 of 100 cases.

What seeds have in common, such as the data and the first weights, falls out of a difference within a seed. The interval
is Student's, mean +- t sd / sqrt(n).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syntonic.runners.sweep.points import PointResult
from syntonic.runners.sweep.state import SweepState

_CONFIDENCE: Final = 0.95
_STEPS: Final = 2000


@dataclass(frozen=True)
class Difference:
    """A point less another one.

    Attributes:
        mean: of the differences of the sweep's metric within seeds.
        low, high: ends of the interval.
        pairs: how many seeds have a value at both points.
    """

    mean: float
    low: float
    high: float
    pairs: int


def differences(state: SweepState, points: Sequence[PointResult]) -> list[Difference | None]:
    """Returns each point less the first one that is like it in all keys but the last; None of that one itself.

    So `trainer` is compared within each value of the keys before it. None, too, where fewer than two seeds are shared.
    """
    first: dict[str, PointResult] = {}
    found: list[Difference | None] = []
    for point in points:
        keys = [(key, value) for key, value in point.jobs[0].values.items() if key != "seed"]
        other = first.setdefault(repr(keys[:-1]), point)
        values, others = _by_seed(state, point), _by_seed(state, other)
        gaps = [value - others[seed] for seed, value in values.items() if seed in others]
        found.append(difference(gaps) if other is not point and len(gaps) > 1 else None)
    return found


def difference(gaps: Sequence[float]) -> Difference:
    """Returns mean and interval of at least two differences.

    >>> difference([1.0, 1.0, 1.0])
    Difference(mean=1.0, low=1.0, high=1.0, pairs=3)
    """
    mean = statistics.fmean(gaps)
    reach = _quantile(len(gaps) - 1) * statistics.stdev(gaps) / math.sqrt(len(gaps))
    return Difference(mean, mean - reach, mean + reach, len(gaps))


def _by_seed(state: SweepState, point: PointResult) -> dict[object, float]:
    found = {job.values.get("seed"): state.value(job.number) for job in point.jobs}
    return {seed: value for seed, value in found.items() if value is not None and seed is not None}


def _quantile(freedom: int) -> float:
    """Returns t of which Student's distribution has 95 % within plus and minus, by bisection of its integral.

    With x = sqrt(n) tan(u) the density is that of cos(u)^(n - 1), which is bounded.
    """
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)

    def inside(end: float) -> float:  # Simpson's rule from 0 to the angle, twice
        step = end / _STEPS
        heights = [math.cos(i * step) ** (freedom - 1) for i in range(_STEPS + 1)]
        return 2 * scale * step / 3 * (heights[0] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2]) + heights[-1])

    low, high = 0.0, math.pi / 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < _CONFIDENCE else (low, middle)
    return math.sqrt(freedom) * math.tan(low)
