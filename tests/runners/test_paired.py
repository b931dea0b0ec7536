from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from syntonic.runners.sweep.paired import _quantile, difference, differences


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 19, 200])
def test_the_quantile_is_students(freedom):
    assert _quantile(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=1e-6)


def test_the_interval_is_scipys():
    source = np.random.default_rng(0)
    a, b = source.normal(size=12), source.normal(0.5, 1, size=12)
    found, expected = difference(list(a - b)), ttest_rel(a, b).confidence_interval(0.95)
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(a - b), expected.low, expected.high))
    assert found.pairs == 12


def point(number: int, **values: object) -> SimpleNamespace:
    jobs = [SimpleNamespace(number=10 * number + seed, values={**values, "seed": seed}) for seed in (0, 1, 2)]
    return SimpleNamespace(jobs=jobs)


def test_points_are_compared_with_the_first_that_differs_in_the_last_key_alone():
    settings = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    points = [point(i, data=data, trainer=name) for i, (data, name) in enumerate(settings)]
    values = {10 * i + seed: 100.0 * (i // 2) + seed**2 + 5 * (i % 2) for i in range(4) for seed in (0, 1, 2)}
    values[32] = None  # a run that failed
    gaps = differences(SimpleNamespace(value=values.get), points)
    assert gaps[0] is gaps[2] is None
    assert (gaps[1].mean, gaps[1].low, gaps[1].high, gaps[1].pairs) == (5, 5, 5, 3)
    assert (gaps[3].mean, gaps[3].pairs) == (5, 2)


def test_other_seeds_or_one_alone_compare_nothing():
    one, other = point(0, trainer="x"), point(1, trainer="y")
    for number, job in enumerate(other.jobs):
        job.values["seed"] = number + 2  # one seed is shared
    assert differences(SimpleNamespace(value=float), [one, other]) == [None, None]
