"""How much of the metric's variation each swept key accounts for: the main effect, epsilon squared.

    between = sum over groups g of n_g (mean_g - mean)^2        all = sum over runs i of (y_i - mean)^2
    epsilon^2 = (between - (groups - 1) (all - between) / (runs - groups)) / all, at least 0

What is taken off is what groups drawn by lot would account for: with eight runs in four groups that is 43 % of all.
Groups are the values of the key; where it takes many numbers, four groups of equally many runs. Effects of keys
together are not seen by it. Source: T. L. Kelley, An unbiased correlation ratio measure, PNAS 21, 1935.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

_GROUPS: Final = 4
_MANY: Final = 6  # distinct numbers that are still groups of their own


def importance(values: Sequence[Mapping[str, Any]], metric: Sequence[float]) -> dict[str, float]:
    """Returns epsilon squared by key, the largest first; empty if the metric does not vary, or with under three runs.

    Args:
        values: of the swept keys, for each run.
        metric: of each run, finite.

    >>> importance([{"a": 0, "b": 1}, {"a": 0, "b": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 2}], [1.0, 1.0, 2.0, 2.0])
    {'a': 1.0, 'b': 0.0}
    """
    if len(metric) < 3:
        return {}
    mean = statistics.fmean(metric)
    total = sum((value - mean) ** 2 for value in metric)
    if total <= 0.0:
        return {}
    effects = {}
    for key in values[0]:
        groups: dict[str, list[float]] = {}
        for label, value in zip(_labels([point[key] for point in values]), metric, strict=True):
            groups.setdefault(label, []).append(value)
        if 1 < len(groups) < len(metric):
            between = sum(len(g) * (statistics.fmean(g) - mean) ** 2 for g in groups.values())
            by_lot = (len(groups) - 1) * (total - between) / (len(metric) - len(groups))
            effects[key] = max((between - by_lot) / total, 0.0)
    return dict(sorted(effects.items(), key=lambda effect: -effect[1]))


def _labels(found: Sequence[Any]) -> list[str]:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    if not numbers or len(set(found)) <= _MANY:
        return [str(value) for value in found]
    order = sorted(range(len(found)), key=lambda index: found[index])
    labels = [""] * len(found)
    for rank, index in enumerate(order):
        labels[index] = str(rank * _GROUPS // len(found))
    return labels
