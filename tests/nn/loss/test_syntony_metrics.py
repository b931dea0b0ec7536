"""Figures of syntony, and the penalty for one that gets nowhere."""

import math

import numpy as np
import pytest
import reference as ref

from syntonic._core import Tensor
from syntonic.nn.loss import (
    ArchonicPenalty,
    activation_syntony,
    aggregate_syntony,
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


def test_a_penalty_fires_while_the_pattern_lasts():
    penalty, history = ArchonicPenalty(2.0, target=0.5), [0.2, 0.4] * 10
    assert penalty(history) == penalty([0.9, *history]) == pytest.approx(2 * (0.5 - 0.3))
    assert penalty([0.3] * 20) == 0
    assert penalty(history[:10]) == 0
    assert penalty([0.01 * i for i in range(20)]) == 0


@pytest.mark.parametrize(
    ("bad", "words"),
    [({"weight": -1.0}, "at least 0"), ({"window": 3}, "at least 4"), ({"target": 1.59}, "at most at 1")],
)
def test_a_penalty_refuses_what_it_cannot_use(bad, words):
    with pytest.raises(ValueError, match=words):
        ArchonicPenalty(**bad)
