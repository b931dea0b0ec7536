"""Figures of syntony, and the archonic pattern: it can be found, and it is not found where there is none."""

import math
import random

import numpy as np
import pytest
import reference as ref

from syntonic._core import Tensor
from syntonic.nn.loss import (
    ArchonicPenalty,
    SyntonyTracker,
    activation_syntony,
    aggregate_syntony,
    is_archonic,
    operator_syntony,
)

X = np.random.default_rng(1).standard_normal((7, 6))


def test_activation_syntony_does_not_depend_on_the_company():
    every = [activation_syntony(Tensor(row[None], dtype="float64")).item() for row in X]
    together = activation_syntony(Tensor(X, dtype="float64")).item()
    assert together == pytest.approx(np.mean(every)) == pytest.approx(ref.syntony(X).mean())
    assert activation_syntony(Tensor.zeros((3, 6))).item() == 0
    low = Tensor([[2.0, 0, 0, 0]])
    assert activation_syntony(low).item() == 1
    raw = activation_syntony(Tensor([[0.0, 3.0]]), "raw").item()
    assert raw == pytest.approx(math.exp(-1 / ref.PHI))
    with pytest.raises(ValueError, match="expected 4 mode norms"):
        activation_syntony(low, [1.0])


def test_operator_syntony_is_one_where_nothing_is_undone():
    x, d = Tensor(X), Tensor(X * 2)
    assert operator_syntony(x, d, d).item() == 1
    assert operator_syntony(x, d, x).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "want"), [("mean", 1.9 / 3), ("min", 0.1), ("max", 1.0), ("geometric", 0.08 ** (1 / 3))]
)
def test_aggregation(method, want):
    assert aggregate_syntony([0.1, 0.8, 1.0], method) == pytest.approx(want)
    assert aggregate_syntony([], method) == 0.5


def test_a_geometric_mean_of_many_does_not_underflow():
    assert aggregate_syntony([1e-9] * 1000, "geometric") == pytest.approx(1e-9)
    with pytest.raises(ValueError, match="mean, min, max or geometric"):
        aggregate_syntony([0.5], "median")


def swinging(seed, slope=0.0, n=20):
    source = random.Random(seed)
    return [0.3 + slope * i + source.gauss(0, 0.05) for i in range(n)]


def test_swinging_without_progress_is_archonic_and_progress_is_not():
    found = sum(is_archonic(swinging(seed)) for seed in range(200))
    assert found >= 180  # two standard errors keep 95 % of them
    climbing = sum(is_archonic(swinging(seed, slope=0.01)) for seed in range(200))
    assert climbing <= 20
    assert not is_archonic([0.3] * 20)
    assert not is_archonic(swinging(0)[:19])
    assert not is_archonic([value + 0.5 for value in swinging(0)])


def test_a_penalty_fires_while_the_pattern_lasts():
    penalty, history = ArchonicPenalty(2.0, target=0.5), [0.2, 0.4] * 10
    assert penalty(history) == pytest.approx(2 * (0.5 - 0.3))
    assert penalty([0.3] * 20) == 0
    assert penalty(history[:10]) == 0


def test_a_tracker_forgets_and_knows_where_it_is_going():
    tracker = SyntonyTracker(window=10)
    assert (tracker.mean, tracker.trend, tracker.variance, tracker.is_archonic) == (0.5, 0.0, 0.0, False)
    for i in range(25):
        tracker.update(i / 100)
    assert tracker.history == [i / 100 for i in range(15, 25)]
    assert tracker.mean == pytest.approx(0.195)
    assert tracker.trend == pytest.approx(0.05)
    assert tracker.variance == pytest.approx(np.var(tracker.history))
    for value in [0.2, 0.4] * 5:
        tracker.update(value)
    assert tracker.is_archonic


@pytest.mark.parametrize(
    "call",
    [
        lambda: SyntonyTracker(9),
        lambda: is_archonic([], window=9),
        lambda: is_archonic([], target=1.59),
        lambda: ArchonicPenalty(noise_floor=-1.0),
    ],
)
def test_what_is_refused(call):
    with pytest.raises(ValueError, match="expected a window of at least 10"):
        call()
