import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic._core import Tensor

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (3, ()),
        (2.5, ()),
        (True, ()),
        ([], (0,)),
        ([1], (1,)),
        ([1, 2.5, -3], (3,)),
        (((1, 2), [3, 4]), (2, 2)),
        ([[], []], (2, 0)),
        ([[[1], [2], [3]]], (1, 3, 1)),
        (range(4), (4,)),
        ([range(2), (5, 6)], (2, 2)),
    ],
)
def test_nested_sequences_give_their_shape_and_values(data, shape, dtype):
    t = Tensor(data, dtype=dtype)
    assert t.shape == shape
    assert t.dtype == dtype
    assert t.ndim == len(shape)
    assert t.size == math.prod(shape)
    assert t.tolist() == np.array(data, dtype=dtype).tolist()


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1, 2], [3]], ValueError, "lengths 2 and 1 on axis 1"),
        ([1, [2]], ValueError, "rectangle"),
        ([[1], 2], ValueError, "rectangle"),
        ([[[]], [1]], ValueError, "rectangle"),
        ("12", TypeError, "str"),
        (["1"], TypeError, "'1' \\(str\\)"),
        (b"12", TypeError, "bytes"),
        (None, TypeError, "None"),
        ([1, None], TypeError, "None"),
        ({1: 2}, TypeError, "dict"),
        ([1j], TypeError, "complex"),
        ([10**400], TypeError, "int"),
        (object(), TypeError, "object"),
        (iter([1.0]), TypeError, "list_iterator"),
    ],
)
def test_what_is_no_rectangle_of_real_numbers_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        Tensor(data)


def test_a_list_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        Tensor(loop)


def test_shape_argument_reshapes_and_must_fit():
    assert Tensor(range(6), shape=(2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert Tensor([[1, 2]], shape=2).shape == (2,)
    with pytest.raises(ValueError, match=r"6 values for shape \(2, 3\), got 5 values"):
        Tensor(range(5), shape=(2, 3))
    for bad in [(-1, 2), (2.5,), "ab", [None], (1 << 70,)]:
        with pytest.raises(ValueError, match="whole numbers"):
            Tensor([1], shape=bad)
    with pytest.raises(ValueError, match="at most"):
        Tensor([], shape=(1 << 32, 1 << 32))
    with pytest.raises(ValueError, match="65 axes"):
        Tensor([1], shape=[1] * 65)


@pytest.mark.parametrize("dtype", ["float16", "int64", "", "f"])
def test_unknown_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match="float32 or float64"):
        Tensor([1.0], dtype=dtype)


def test_constants():
    assert Tensor.zeros((2, 0)).tolist() == [[], []]
    assert Tensor.zeros(3, "float64").tolist() == [0.0] * 3
    assert Tensor.ones((1, 2)).tolist() == [[1.0, 1.0]]
    assert Tensor.full((), 0.1, "float64").item() == 0.1
    assert Tensor.full((), 0.1).item() == np.float32(0.1)
    assert math.isnan(Tensor.full([1], float("nan")).item())
    with pytest.raises(MemoryError, match="fits in memory"):
        Tensor.zeros((1 << 50,))


def test_item_and_float_need_one_element():
    assert float(Tensor([[7]])) == 7.0
    for many in [Tensor([]), Tensor([1, 2])]:
        with pytest.raises(ValueError, match="one element"):
            many.item()


def test_len_is_axis_0():
    assert len(Tensor.zeros((3, 2))) == 3
    with pytest.raises(TypeError, match="scalar"):
        len(Tensor(1))


def test_reshape_shares_memory():
    t = Tensor(range(6))
    r = t.reshape((3, 2))
    assert r.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert np.shares_memory(np.asarray(t), np.asarray(r))
    with pytest.raises(ValueError, match="a shape of 6 elements"):
        t.reshape((4, 2))


def test_take_gives_rows_in_order():
    x = np.arange(12.0).reshape(4, 3)
    t = Tensor(x, dtype="float64")
    assert t.take([3, 0, 3]).tolist() == x[[3, 0, 3]].tolist()
    assert t.take(range(1, 3)).tolist() == t.take(np.array([1, 2])).tolist() == x[1:3].tolist()
    assert t.take([]).shape == (0, 3)
    assert Tensor.zeros((2, 0, 3)).take([1]).shape == (1, 0, 3)
    for bad in [[4], [-1], [1 << 40]]:
        with pytest.raises(ValueError, match="row"):
            t.take(bad)
    for bad in ["ab", [0.5], None, 3]:
        with pytest.raises(TypeError, match="row numbers"):
            t.take(bad)
    with pytest.raises(ValueError, match="scalar"):
        Tensor(1).take([0])


def test_astype_rounds_to_nearest_and_keeps_the_special_values():
    x = np.array([0.1, 1e300, -1e-300, np.inf, -np.inf, np.nan, -0.0])
    with np.errstate(over="ignore", under="ignore"):
        want = x.astype("float32")
    got = np.asarray(Tensor(x, dtype="float64").astype("float32"))
    np.testing.assert_array_equal(got, want)
    assert np.signbit(got[-1])
    with pytest.raises(TypeError, match="float32 or float64"):
        Tensor([1]).astype("int8")


def test_repr_is_short():
    assert repr(Tensor([[0.1], [2]])) == 'Tensor([0.1, 2.0], shape=(2, 1), dtype="float32")'
    assert len(repr(Tensor.zeros(10_000))) < 100


def test_tensors_cannot_be_changed():
    t = Tensor([1])
    with pytest.raises(AttributeError):
        t.shape = (2,)
    # So a copy is the tensor itself.
    assert copy.deepcopy(t) is t


@given(
    st.recursive(st.floats(width=32) | st.integers(-9, 9) | st.booleans(), lambda inner: st.lists(inner, max_size=3))
)
def test_any_nesting_agrees_with_numpy(data):
    try:
        want = np.array(data, dtype="float32")
    except ValueError:
        with pytest.raises(ValueError, match="rectangle"):
            Tensor(data)
    else:
        np.testing.assert_array_equal(np.asarray(Tensor(data)), want)
