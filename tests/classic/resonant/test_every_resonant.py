"""Each method of a resonant tensor with each class of input: views, nothing, ties, ends of the range, no numbers."""

import math
import warnings

import numpy as np
import pytest

from syntonic._core import PHI, ResonantTensor


def softmax(x, axis=-1):
    p = np.exp(x - x.max(axis, keepdims=True))
    return p / p.sum(axis, keepdims=True)


def layer_norm(x):
    y = x - x.mean(-1, keepdims=True)
    return y / np.sqrt((y**2).mean(-1, keepdims=True) + 1e-8) / np.sqrt(PHI)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


# name: (ours, formula)
ELEMENTS = {
    "abs": (ResonantTensor.abs, np.abs),
    "relu": (ResonantTensor.relu, lambda x: np.maximum(x, 0)),
    "exp": (ResonantTensor.exp, np.exp),
    "log": (ResonantTensor.log, np.log),
    "sqrt": (ResonantTensor.sqrt, np.sqrt),
    "tanh": (ResonantTensor.tanh, np.tanh),
    "sigmoid": (ResonantTensor.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "gelu": (ResonantTensor.gelu, gelu),
    "sin": (ResonantTensor.sin, np.sin),
    "cos": (ResonantTensor.cos, np.cos),
    "square": (lambda x: x.pow(2), lambda x: x**2),
    "power": (lambda x: x.pow(1.5), lambda x: x**1.5),
    "reciprocal": (lambda x: x.pow(-1), lambda x: x**-1.0),
    "negate": (ResonantTensor.negate, np.negative),
    "one_minus": (ResonantTensor.one_minus, lambda x: 1 - x),
    "scalar_mul": (lambda x: x * 0.3, lambda x: x * 0.3),
    "scalar_add": (lambda x: 0.3 + x, lambda x: x + 0.3),
    "over": (lambda x: 1 / x, lambda x: 1 / x),
    "transpose": (lambda x: x.reshape([-1]), np.ravel),
}
LINES = {
    "sum": (lambda x: x.sum(-1), lambda x: x.sum(-1)),
    "prod": (lambda x: x.prod(0), lambda x: x.prod(0)),
    "max": (lambda x: x.max(-1), lambda x: x.max(-1)),
    "min": (lambda x: x.min(0), lambda x: x.min(0)),
    "mean": (lambda x: x.mean(-1, True), lambda x: x.mean(-1, keepdims=True)),
    "var": (lambda x: x.var(0), lambda x: x.var(0)),
    "norm": (lambda x: x.norm(dim=-1), lambda x: np.sqrt((x**2).sum(-1))),
    "norm 1": (lambda x: x.norm(1, -1), lambda x: np.abs(x).sum(-1)),
    "softmax": (ResonantTensor.softmax, softmax),
    "softmax of columns": (lambda x: x.softmax(0), lambda x: softmax(x, 0)),
    "layer_norm": (ResonantTensor.layer_norm, layer_norm),
}
ALL = ELEMENTS | LINES
# Where the formula has no number at infinity, ours has the limit.
LIMITS = {"gelu": -math.inf, "softmax": math.inf, "softmax of columns": math.inf}
UNBOUNDED = [name for name in ALL if name not in ("sin", "cos", "var", "layer_norm", "prod", "sum")]


def check(name, x, rtol=1e-13, atol=0.0):
    ours, formula = ALL[name]
    with np.errstate(all="ignore"):
        want = np.asarray(formula(np.asarray(x, np.longdouble))).astype(float)
    got = np.asarray(ours(ResonantTensor.from_flux(x)).to_tensor("float64"))
    assert got.shape == want.shape
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (7,), (3, 5), (2, 3, 4), (5, 33)])
@pytest.mark.parametrize("name", ALL)
def test_any_shape(name, shape):
    check(name, np.random.default_rng(0).normal(size=shape), atol=1e-14)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("name", ALL)
def test_nothing(name, shape):
    ours, formula = ALL[name]
    x = np.zeros(shape)
    try:
        got = np.asarray(ours(ResonantTensor.from_flux(x)).to_tensor("float64"))
    except ValueError as error:
        assert "at least one" in str(error)  # noqa: PT017 - a second way to be right
        return
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        want = formula(x) if got.size else got
    np.testing.assert_array_equal(got, want)
    assert not np.signbit(got).any()


@pytest.mark.parametrize("name", ALL)
def test_views_of_memory(name):
    x = np.random.default_rng(1).normal(size=(6, 8))
    want = ALL[name][0](ResonantTensor.from_flux(x)).to_floats()
    views = [np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2], x[::-1].copy()[::-1], np.pad(x, 1)[1:-1, 1:-1]]
    for view in [*views, x.astype(">f8"), x.tolist()]:
        np.testing.assert_array_equal(ALL[name][0](ResonantTensor.from_flux(view)).to_floats(), want)


@pytest.mark.parametrize("name", ALL)
def test_ties_and_offsets(name):
    for value in [0.0, 1.0, 0.1, -2.0]:
        check(name, np.full((4, 9), value), atol=1e-14)
    check(name, np.random.default_rng(2).integers(0, 3, (5, 21)).astype(float), atol=1e-14)


@pytest.mark.parametrize("name", [*LINES])
def test_a_large_offset(name):
    x = np.random.default_rng(3).normal(size=(3, 400)) + 1e8
    # The mean of numbers near 1e8 is good to half of their spacing, 1.5e-8, and so is what is counted from it.
    check(name, x, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ALL)
def test_numbers_that_are_none(name, bad):
    x = np.random.default_rng(4).normal(size=(4, 6))
    x[1, 2] = bad
    if bad == LIMITS.get(name):
        x[1, 2] = math.copysign(1e300, bad)
    check(name, x, atol=1e-14)
    if bad == LIMITS.get(name):
        ours, want = ALL[name][0], x.copy()
        x[1, 2] = bad
        assert ours(ResonantTensor.from_flux(x)).to_floats() == ours(ResonantTensor.from_flux(want)).to_floats()


@pytest.mark.parametrize("name", UNBOUNDED)
def test_the_ends_of_the_range(name):
    for value in [1e300, 5e-324, -1e300, 1e-310]:
        check(name, np.full((2, 3), value), rtol=1e-12, atol=5e-323)
    check(name, np.array([[1e300, -1e300, 5e-324, 0.0, -0.0]]), rtol=1e-12, atol=5e-323)


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons_of_what_is_no_number(name):
    x = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0])
    a, b = (np.ravel(part) for part in np.meshgrid(x, x))
    got = getattr(ResonantTensor.from_flux(a), name)(ResonantTensor.from_flux(b))
    np.testing.assert_array_equal(got.to_floats(), getattr(a, f"__{name}__")(b))
