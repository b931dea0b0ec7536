"""Each flat function of lists with each class of input: any sequence, views, ties, offsets, numbers that are none."""

import array
import math

import numpy as np
import pytest

from syntonic import _core
from syntonic._core import PHI


def cross_entropy(x, t):
    return float((t * (x.max() + np.log(np.exp(x - x.max()).sum()) - x)).sum())


# name: (ours, formula); both take one list, and give a list or a number.
FUNCTIONS = {
    "golden_weights": (_core.py_golden_weights, lambda x: np.exp(-x / PHI)),
    "softmax": (_core.py_softmax, lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum()),
    "mse": (lambda x: _core.py_mse_loss(x, x[::-1]), lambda x: ((x - x[::-1]) ** 2).mean()),
    "cross_entropy": (
        lambda x: _core.py_cross_entropy_loss(x, [1 / len(x)] * len(x)),
        lambda x: cross_entropy(x, 1 / x.size),
    ),
    "batch_cross_entropy": (
        lambda x: _core.py_batch_cross_entropy_loss([*x, *x], [0.5] * 2 * len(x), 2, len(x)),
        lambda x: cross_entropy(x, np.float64(0.5)),
    ),
    "syntony": (
        lambda x: _core.py_compute_winding_syntony(x, [0.1 * i for i in range(len(x))]),
        lambda x: (x**2 * np.exp(-0.1 * np.arange(x.size) / PHI)).sum() / (x**2).sum(),
    ),
    "golden_decay": (
        lambda x: _core.py_golden_decay_loss(x, 0.5),
        lambda x: 0.5 * (x * PHI ** -np.arange(x.size)).sum(),
    ),
    "aggregate": (_core.py_aggregate_syntony, np.mean),
    "min": (lambda x: _core.py_aggregate_syntony(x, "min"), np.min),
    "add": (lambda x: _core.py_inplace_add_scalar(x, 0.3), lambda x: x + 0.3),
    "sub": (lambda x: _core.py_inplace_sub_scalar(x, 0.3), lambda x: x - 0.3),
    "mul": (lambda x: _core.py_inplace_mul_scalar(x, 0.3), lambda x: x * 0.3),
    "div": (lambda x: _core.py_inplace_div_scalar(x, 0.3), lambda x: x / 0.3),
    "negate": (_core.py_inplace_negate, np.negative),
    "abs": (_core.py_inplace_abs, np.abs),
    "clamp": (lambda x: _core.py_inplace_clamp(x, -1.0, 1.0), lambda x: np.clip(x, -1, 1)),
    "golden_weight": (lambda x: _core.py_inplace_golden_weight(x, 2.0), lambda x: np.exp(-x / 2)),
    "broadcast_div": (
        lambda x: _core.py_broadcast_div(x, [len(x), 1], x, [len(x)])[0],
        lambda x: np.ravel(x[:, None] / x),
    ),
}
INPUTS = {
    "one": np.array([0.7]),
    "odd": np.random.default_rng(0).normal(size=17),
    "many": np.random.default_rng(1).normal(size=301),
    "ties": np.random.default_rng(2).integers(1, 4, 20).astype(float),
    "offset": np.random.default_rng(3).normal(size=50) + 1e8,
    "small": np.random.default_rng(4).normal(size=9) * 1e-150,
    "wide range": np.array([1e-300, 1.0, 1e3, -1e3, 5e-324]),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_numpy(name, kind):
    ours, formula = FUNCTIONS[name]
    x = INPUTS[kind]
    with np.errstate(all="ignore"):
        want = np.asarray(formula(x.astype(np.longdouble)), float)
    # Terms of a sum may cancel; each is no larger than the largest result or input.
    slack = 4e-16 * x.size * max(1.0, np.abs(x).max()) if want.ndim == 0 else 0.0
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours(x.tolist()), want, rtol=1e-13, atol=slack)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_sequence_of_numbers(name):
    ours = FUNCTIONS[name][0]
    x = np.random.default_rng(5).integers(1, 9, 12).astype(float)
    want = ours(x.tolist())
    spaced = np.repeat(x, 3)[::3]
    for given in [
        tuple(x.tolist()),
        [int(v) for v in x],
        array.array("d", x.tolist()),
        list(x.astype("float32")),
        spaced,
    ]:
        np.testing.assert_array_equal(ours(given), want)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in ("cross_entropy", "batch_cross_entropy", "syntony")])
def test_numbers_that_are_none(name, bad):
    ours, formula = FUNCTIONS[name]
    x = np.array([0.5, bad, 0.25])
    with np.errstate(all="ignore"):
        want = np.asarray(formula(x), float)
        if name == "softmax" and bad == math.inf:
            want = np.array([0.0, 1.0, 0.0])  # the limit, where the formula divides infinity by itself
    got = np.asarray(ours(x.tolist()))
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_syntony_of_numbers_that_are_none():
    for bad in [math.nan, math.inf]:
        assert math.isnan(_core.py_compute_winding_syntony([1.0, bad], [0.0, 1.0]))


def test_a_loss_of_numbers_that_are_none():
    assert math.isnan(_core.py_cross_entropy_loss([1.0, math.nan], [0.5, 0.5]))
    assert _core.py_cross_entropy_loss([1.0, -math.inf], [0.5, 0.5]) == math.inf
    assert _core.py_cross_entropy_loss([1.0, -math.inf], [1.0, 0.0]) == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_list_of_numbers(name):
    ours = FUNCTIONS[name][0]
    for bad in [None, 1.0, ["a"], [None], [1j], "12", {"a": 1}]:
        with pytest.raises((TypeError, ValueError)):
            ours(bad)
