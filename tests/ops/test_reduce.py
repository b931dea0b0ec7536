"""Reductions against NumPy in higher precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ops_oracle import DTYPES, random, run, wide

from syntonic._core import Tensor
from syntonic.sn import functional as F

REDUCTIONS = {"sum": np.sum, "mean": np.mean, "var": np.var, "max": np.max, "min": np.min}


def bound(name, x, axis, dtype):
    """An error of one epsilon for each addition of the longest chain, relative to what is added."""
    if name in ("max", "min"):
        return 0.0
    x = wide(x)
    n = x.size / max(1, np.sum(x, axis=axis).size)
    size = {"sum": np.sum(np.abs(x), axis=axis), "mean": np.sum(np.abs(x), axis=axis) / n}
    size["var"] = 4 * np.var(x, axis=axis)
    return np.finfo(dtype).eps * (n + 2) * size[name]


@st.composite
def cases(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=4)))
    axes = draw(st.sets(st.integers(-len(shape), len(shape) - 1))) if shape else set()
    axes = tuple({axis % len(shape): axis for axis in axes}.values())
    dim = draw(st.sampled_from([None, axes, *axes]))
    return shape, dim, draw(st.booleans())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", REDUCTIONS)
@given(case=cases())
def test_reductions_take_any_axes(name, dtype, case):
    shape, dim, keepdim = case
    x = random(shape, dtype)
    got = run(lambda x: getattr(F, name)(x, dim, keepdim), x, dtype=dtype)
    want = REDUCTIONS[name](wide(x), axis=dim, keepdims=keepdim)
    assert got.shape == want.shape
    limit = np.zeros(np.sum(x, axis=dim).shape) + bound(name, x, dim, dtype)
    assert np.all(np.abs(wide(got) - want).ravel() <= limit.ravel())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1000,), (7, 1031), (1031, 7), (3, 513, 2)])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_long_axes(name, shape, dtype):
    x = random(shape, dtype)
    for axis in range(len(shape)):
        got = run(lambda x, axis=axis: getattr(F, name)(x, axis), x, dtype=dtype)
        assert np.all(np.abs(wide(got) - REDUCTIONS[name](wide(x), axis=axis)) <= bound(name, x, axis, dtype))


@pytest.mark.parametrize(("dtype", "offset"), [("float32", 1e4), ("float64", 1e8)])
@pytest.mark.parametrize("shape", [(1000,), (64, 200)])
def test_a_variance_survives_an_offset(shape, dtype, offset):
    x = random(shape, dtype, scale=1.0) + np.asarray(offset, dtype=dtype)
    for axis in (None, *range(len(shape))):
        want = np.var(wide(x), axis=axis)
        np.testing.assert_allclose(run(lambda x, a=axis: F.var(x, a), x, dtype=dtype), want.astype(dtype), rtol=1e-6)
    assert run(F.var, np.full(100, offset + 1), dtype=dtype) == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_that_are_none(dtype):
    for at in (0, 3, 8, 16):
        x = random((17, 3), dtype)
        x[at, 1] = np.nan
        for name, reference in REDUCTIONS.items():
            for axis in (0, 1, None):
                got = run(lambda x, n=name, a=axis: getattr(F, n)(x, a), x, dtype=dtype)
                np.testing.assert_array_equal(np.isnan(got), np.isnan(reference(x, axis=axis)))
    infinite = np.array([1, np.inf, 2], dtype=dtype)
    assert run(F.sum, infinite, dtype=dtype) == np.inf
    assert run(F.mean, -infinite, dtype=dtype) == -np.inf
    assert run(F.max, infinite, dtype=dtype) == np.inf
    assert run(F.max, -infinite, dtype=dtype) == -1
    assert np.isnan(run(F.var, infinite, dtype=dtype))


def test_nothing():
    empty = Tensor.zeros((0, 3))
    assert F.sum(empty).item() == 0
    assert F.sum(empty, 0).tolist() == [0, 0, 0]
    assert F.sum(empty, 1).shape == (0,)
    assert F.mean(empty, 1).shape == (0,)
    for function in (F.mean, F.var, F.max, F.min):
        for dim in (None, 0, (0, 1)):
            with pytest.raises(ValueError, match="at least one element"):
                function(empty, dim)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_refuse(name):
    function, x = getattr(F, name), Tensor.zeros((2, 3))
    for dim in (2, -3, (0, 5)):
        with pytest.raises(ValueError, match=r"an axis of \(2, 3\), from -2 to 1"):
            function(x, dim)
    with pytest.raises(ValueError, match="each axis once"):
        function(x, (0, -2))
    for dim in ("0", 1.5, [None]):
        with pytest.raises(TypeError):
            function(x, dim)
