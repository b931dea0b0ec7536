"""Functions of each element, and arithmetic with broadcasting, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ops_oracle import DTYPES, SHAPES, random, run, wide

from syntonic._core import Tensor
from syntonic.sn import functional as F

# name: (function, reference, tolerance in epsilons of the result, whether the argument must be positive)
FUNCTIONS = {
    "exp": (F.exp, np.exp, 2.5, False),
    "log": (F.log, np.log, 4, True),
    "sqrt": (F.sqrt, np.sqrt, 0.5, True),
    "square": (F.square, np.square, 0.5, False),
    "abs": (F.abs, np.abs, 0, False),
    "neg": (F.neg, np.negative, 0, False),
    "sin": (F.sin, np.sin, 2, False),
    "cos": (F.cos, np.cos, 2, False),
}
ARITHMETIC = {
    "add": (F.add, np.add),
    "sub": (F.sub, np.subtract),
    "mul": (F.mul, np.multiply),
    "div": (F.div, np.divide),
    "maximum": (F.maximum, np.maximum),
    "minimum": (F.minimum, np.minimum),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, shape, dtype):
    function, reference, ulp, positive = FUNCTIONS[name]
    x = random(shape, dtype)
    x = np.abs(x) + np.finfo(dtype).tiny if positive else x
    got, want = run(function, x, dtype=dtype), reference(wide(x))
    assert got.shape == shape
    assert np.all(np.abs(wide(got) - want) <= np.finfo(dtype).eps * ulp * np.abs(want) + np.finfo(dtype).tiny)


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_follow_ieee_at_the_edges(dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, np.finfo(dtype).max], dtype=dtype)
    with np.errstate(all="ignore"):
        for name in FUNCTIONS:
            if name in ("sin", "cos"):
                continue
            function, reference, ulp, _ = FUNCTIONS[name]
            got, want = run(function, x, dtype=dtype), reference(x)
            np.testing.assert_allclose(got, want, rtol=ulp * np.finfo(dtype).eps, err_msg=name)
            number = ~np.isnan(want)
            np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(want[number]), name)


@pytest.mark.parametrize("dtype", DTYPES)
def test_angles_have_a_reach(dtype):
    reach = {"float32": 2.0**22, "float64": 2.0**51}[dtype]
    x = np.array([reach, -reach, 1.0, 1e-30], dtype=dtype)
    for function, reference in [(F.sin, np.sin), (F.cos, np.cos)]:
        np.testing.assert_allclose(run(function, x, dtype=dtype), reference(wide(x)), rtol=2 * np.finfo(dtype).eps)
        assert np.isnan(run(function, np.array([2 * reach, np.inf, np.nan], dtype=dtype), dtype=dtype)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_clamp(dtype):
    x = random((5, 7), dtype)
    np.testing.assert_array_equal(run(lambda x: F.clamp(x, -1, 2), x, dtype=dtype), np.clip(x, -1, 2))
    np.testing.assert_array_equal(run(lambda x: F.clamp(x, min=0.5), x, dtype=dtype), np.maximum(x, dtype_of(0.5, x)))
    np.testing.assert_array_equal(run(lambda x: F.clamp(x, max=0.5), x, dtype=dtype), np.minimum(x, dtype_of(0.5, x)))
    np.testing.assert_array_equal(run(lambda x: F.clamp(x, 0, 1), [np.nan, np.inf], dtype=dtype), [np.nan, 1])
    for low, high in [(1, 0), (np.nan, 1), (0, np.nan)]:
        with pytest.raises(ValueError, match="min <= max"):
            F.clamp(Tensor(x), low, high)


def dtype_of(value, x):
    return np.asarray(value, dtype=x.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ARITHMETIC)
@given(data=st.data())
def test_arithmetic_broadcasts_as_in_numpy(name, dtype, data):
    ours, numpy = ARITHMETIC[name]
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=5, max_dims=4))
    x, y = (random(shape, dtype, seed) for seed, shape in enumerate(shapes.input_shapes))
    with np.errstate(all="ignore"):
        want = numpy(x, y)
    got = run(ours, x, y, dtype=dtype)
    assert got.shape == shapes.result_shape
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arithmetic_with_numbers_that_are_none(dtype):
    special = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1, -1], dtype=dtype)
    with np.errstate(all="ignore"):
        for ours, numpy in ARITHMETIC.values():
            got = run(ours, special[:, None], special, dtype=dtype)
            np.testing.assert_array_equal(got, numpy(special[:, None], special), ours.__name__)


@pytest.mark.parametrize("dtype", DTYPES)
def test_operators_take_numbers_on_either_side(dtype):
    x = random((3, 4), dtype)
    t, c = Tensor(x, dtype=dtype), x.dtype.type(0.3)
    for got, want in [
        (t + 0.3, x + c),
        (0.3 + t, c + x),
        (t - 0.3, x - c),
        (0.3 - t, c - x),
        (t * 0.3, x * c),
        (0.3 * t, c * x),
        (t / 0.3, x / c),
        (0.3 / t, c / x),
        (2 - t, 2 - x),
        (-t, -x),
        (t / t, np.ones_like(x)),
    ]:
        assert got.dtype == dtype
        np.testing.assert_array_equal(np.asarray(got), want)


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_refuses(name):
    function = ARITHMETIC[name][0]
    with pytest.raises(ValueError, match=rf"{name}.*equal or 1.*\(2, 3\) and \(3, 2\)"):
        function(Tensor.zeros((2, 3)), Tensor.zeros((3, 2)))
    with pytest.raises(TypeError, match="float32"):
        function(Tensor.zeros(3), Tensor.zeros(3, "float64"))
    for bad in ("1", None, [1.0], object()):
        with pytest.raises(TypeError, match="number"):
            function(Tensor.zeros(3), bad)
    with pytest.raises(ValueError, match="at most"):
        function(Tensor.zeros((0, 1 << 40, 1)), Tensor.zeros((0, 1, 1 << 40)))


def test_operators_leave_what_they_do_not_know_to_the_other_side():
    class Other:
        def __radd__(self, x):
            return "other"

    assert Tensor.zeros(2) + Other() == "other"
    with pytest.raises(TypeError, match="unsupported"):
        Tensor.zeros(2) / "1"
