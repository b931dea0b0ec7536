"""Products of matrices against NumPy in extended precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from products_reference import random, wide

from syntonic._core import Graph, Tensor
from syntonic.sn import functional as F

DTYPES = ["float32", "float64"]


@st.composite
def cases(draw):
    n, k, m = draw(st.integers(0, 20)), draw(st.integers(0, 9)), draw(st.integers(0, 35))
    batch = draw(st.lists(st.integers(0, 3), max_size=3))
    sides = []
    for matrix in ((n, k), (k, m)):
        axes = [draw(st.sampled_from([size, 1])) for size in batch]
        axes = axes[draw(st.integers(0, len(axes))) :]
        sides.append((*axes, *matrix))
    vector = draw(st.sampled_from(["none", "none", "left", "right", "both"]))
    if vector in ("left", "both"):
        sides[0] = (k,)
    if vector in ("right", "both"):
        sides[1] = (k,)
    return sides


@pytest.mark.parametrize("dtype", DTYPES)
@given(sides=cases())
@settings(max_examples=100, deadline=None)
def test_matmul(dtype, sides):
    a, b = random(sides[0], dtype, 1), random(sides[1], dtype, 2)
    got = F.matmul(Tensor(a, dtype=dtype), Tensor(b, dtype=dtype))
    want, size = np.matmul(wide(a), wide(b)), np.matmul(np.abs(wide(a)), np.abs(wide(b)))
    assert got.dtype == dtype
    assert got.shape == want.shape
    assert np.all(np.abs(wide(got) - want) <= np.finfo(dtype).eps * (a.shape[-1] + 1) / 2 * 1.01 * size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sides", [((4, 300, 129), (129, 65)), ((6, 160, 96), (6, 96, 130)), ((900, 700), (700, 33))])
def test_what_threads_share_has_the_bits_of_its_parts(dtype, sides):
    a, b = random(sides[0], dtype, 1), random(sides[1], dtype, 2)
    whole = np.asarray(F.matmul(Tensor(a, dtype=dtype), Tensor(b, dtype=dtype)))
    for i in (0, len(a) - 1):
        right = b[i] if b.ndim == 3 else b
        np.testing.assert_array_equal(F.matmul(Tensor(a[i], dtype=dtype), Tensor(right, dtype=dtype)), whole[i])


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((), (3,), "at least one axis"),
        ((3,), (), "at least one axis"),
        ((2, 3), (2, 3), "same k"),
        ((3,), (2,), "same k"),
        ((2, 4, 3), (3, 3, 4), "equal or 1"),
    ],
)
def test_what_cannot_be_is_refused(a, b, words):
    graph = Graph([])
    for make in (Tensor.zeros, graph.input):
        with pytest.raises(ValueError, match=words) as error:
            F.matmul(make(a), make(b))
        assert "matmul" in str(error.value)
    with pytest.raises(TypeError, match="float64"):
        F.matmul(Tensor.zeros((2, 2)), Tensor.zeros((2, 2), "float64"))
