"""Operations that move elements, against NumPy; rows of tables; parameters as values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ops_oracle import DTYPES, random, run

from syntonic._core import ResonantTensor, Tensor
from syntonic.sn import functional as F

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, data=st.data())
def test_permute_and_transpose(dtype, shape, data):
    x = random(shape, dtype)
    axes = data.draw(st.permutations(range(len(shape))))
    signed = [axis - len(shape) * data.draw(st.booleans()) for axis in axes]
    np.testing.assert_array_equal(run(lambda x: F.permute(x, signed), x, dtype=dtype), x.transpose(axes))
    a, b = signed[0], signed[-1]
    np.testing.assert_array_equal(run(lambda x: F.transpose(x, a, b), x, dtype=dtype), x.swapaxes(a, b))


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, data=st.data())
def test_narrow_and_index_select(dtype, shape, data):
    x = random(shape, dtype)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = shape[axis]
    start = data.draw(st.integers(0, size))
    length = data.draw(st.integers(0, size - start))
    want = np.take(x, range(start, start + length), axis)
    np.testing.assert_array_equal(run(lambda x: F.narrow(x, axis, start, length), x, dtype=dtype), want)
    indices = data.draw(st.lists(st.integers(0, size - 1), max_size=6)) if size else []
    want = np.take(x, np.array(indices, dtype=int), axis)
    np.testing.assert_array_equal(run(lambda x: F.index_select(x, axis, indices), x, dtype=dtype), want)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, data=st.data())
def test_concat(dtype, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    shapes = [tuple(n if i == axis % len(shape) else d for i, d in enumerate(shape)) for n in sizes]
    parts = [random(s, dtype, seed) for seed, s in enumerate(shapes)]
    got = run(lambda *parts: F.concat(parts, axis), *parts, dtype=dtype)
    np.testing.assert_array_equal(got, np.concatenate(parts, axis))


@pytest.mark.parametrize("dtype", DTYPES)
@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=4))
def test_expand(dtype, shapes):
    shape, target = shapes.input_shapes[0], shapes.result_shape
    x = random(shape, dtype)
    np.testing.assert_array_equal(run(lambda x: F.expand(x, target), x, dtype=dtype), np.broadcast_to(x, target))


@pytest.mark.parametrize("dtype", DTYPES)
def test_reshape(dtype):
    x = random((4, 6), dtype)
    for shape in [(24,), 24, (2, -1, 3), -1, (1, 24, 1)]:
        np.testing.assert_array_equal(run(lambda x, s=shape: F.reshape(x, s), x, dtype=dtype), x.reshape(shape))
    t = Tensor(x)
    assert np.shares_memory(np.asarray(t), np.asarray(t.reshape(-1)))
    assert Tensor.zeros((0, 3)).reshape((2, 0)).shape == (2, 0)
    for bad in [(5, -1), (-1, -1), (-2, 12), (5, 5), (0, -1), (2**62, 2**62)]:
        with pytest.raises(ValueError, match=r"reshape|tensor"):
            t.reshape(bad)
    for bad in ["24", (2.5, -1), None]:
        with pytest.raises(ValueError, match="whole numbers"):
            t.reshape(bad)


def test_movements_refuse():
    x = Tensor.zeros((2, 3))
    calls = [
        (lambda: F.transpose(x, 0, 2), "an axis of"),
        (lambda: F.transpose(Tensor(1.0), 0, 0), "no axis, as a scalar has none"),
        (lambda: F.permute(x, (0, 0)), "each of the 2 axes"),
        (lambda: F.permute(x, (0,)), "each of the 2 axes"),
        (lambda: F.permute(x, (0, 1, 2)), "an axis of"),
        (lambda: F.narrow(x, 1, 2, 2), "at most 3"),
        (lambda: F.narrow(x, 1, -1, 2), "start >= 0"),
        (lambda: F.narrow(x, 0, 0, -1), "length >= 0"),
        (lambda: F.narrow(x, 5, 0, 1), "an axis of"),
        (lambda: F.narrow(x, 0, 2**63 - 1, 2**63 - 1), "at most 2"),
        (lambda: F.index_select(x, 0, [2]), "below 2"),
        (lambda: F.index_select(x, 0, [-1]), "from 0"),
        (lambda: F.concat([x, Tensor.zeros((2, 4))], 0), "differ from"),
        (lambda: F.concat([x, Tensor.zeros(3)], 0), "differ from"),
        (lambda: F.concat([], 0), "at least one"),
        (lambda: F.concat([x], 2), "an axis of"),
        (lambda: F.expand(x, (2, 4)), "repeating"),
        (lambda: F.expand(x, (3,)), "repeating"),
        (lambda: F.expand(x, (-1, 3)), "whole numbers"),
        (lambda: F.expand(Tensor.zeros((0, 1)), (0, 1 << 62)), "repeating"),
    ]
    for call, words in calls:
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(TypeError, match="float32"):
        F.concat([x, Tensor.zeros((2, 3), "float64")])
    for bad in (1.5, "0", None):
        with pytest.raises(TypeError):
            F.transpose(x, bad, 0)
    with pytest.raises(TypeError, match="index_select"):
        F.index_select(x, 0, [0.5])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,)])
def test_embedding(shape, dtype):
    table = ResonantTensor.from_flux(random((5, 3), "float64"))
    tokens = np.random.default_rng(1).integers(5, size=shape)
    got = run(lambda t: F.embedding(t, table), tokens, dtype=dtype)
    np.testing.assert_array_equal(got, np.asarray(table.to_tensor(dtype))[tokens])


def test_embedding_refuses():
    table = ResonantTensor.zeros((5, 3))
    for bad in ([5.0], [-1.0], [0.5], [np.nan], [np.inf], [1e30]):
        with pytest.raises(ValueError, match="whole numbers from 0 to 4"):
            F.embedding(Tensor(bad), table)
    with pytest.raises(ValueError, match="whole numbers"):
        F.embedding(Tensor([0.0]), ResonantTensor.zeros((0, 3)))
    with pytest.raises(ValueError, match="table of shape"):
        F.embedding(Tensor([0.0]), ResonantTensor.zeros(5))
    with pytest.raises(TypeError):
        F.embedding(Tensor([0.0]), Tensor.zeros((5, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_parameter_has_the_dtype_of_its_witness(dtype):
    p = ResonantTensor.from_flux(random((2, 3), "float64"))
    got = F.parameter(Tensor(1.0, dtype=dtype), p)
    assert got.dtype == dtype
    np.testing.assert_array_equal(np.asarray(got), np.asarray(p.to_tensor(dtype)))
