"""Pooling against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from products_reference import random, wide, windows

from syntonic._core import Graph, Tensor
from syntonic.sn import functional as F

DTYPES = ["float32", "float64"]
MAX = {1: F.max_pool1d, 2: F.max_pool2d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d}


@st.composite
def cases(draw, axes):
    sizes = [draw(st.integers(1, 9)) for _ in range(axes)]
    window = tuple(draw(st.integers(1, n)) for n in sizes)
    stride = tuple(draw(st.integers(1, 4)) for _ in sizes)
    return (
        random((draw(st.integers(0, 3)), *sizes, draw(st.integers(1, 5))), seed=draw(st.integers(0, 99))),
        window,
        stride,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axes", [1, 2])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_pooling(axes, dtype, data):
    x, window, stride = data.draw(cases(axes))
    x = x.astype(dtype)
    seen = windows(wide(x), window, stride)
    inner = tuple(range(axes + 1, 2 * axes + 1))
    np.testing.assert_array_equal(MAX[axes](Tensor(x, dtype=dtype), window, stride), seen.max(axis=inner))
    got = MEAN[axes](Tensor(x, dtype=dtype), window, stride)
    assert got.dtype == dtype
    bound = np.finfo(dtype).eps * (np.prod(window) + 1) / 2 * np.abs(seen).mean(axis=inner)
    assert np.all(np.abs(wide(got) - seen.mean(axis=inner)) <= bound)


def test_without_a_stride_windows_lie_side_by_side():
    x = Tensor(random((2, 7, 6, 3), "float32"))
    assert F.max_pool2d(x, (3, 2)).tolist() == F.max_pool2d(x, (3, 2), (3, 2)).tolist()
    assert F.avg_pool2d(x, 2).shape == (2, 3, 3, 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinity(dtype):
    x = np.array([[np.nan, 1, -np.inf, -np.inf, np.inf, 2, 3, np.nan]], dtype).reshape(1, 8, 1)
    np.testing.assert_array_equal(F.max_pool1d(Tensor(x, dtype=dtype), 2), [[[np.nan], [-np.inf], [np.inf], [np.nan]]])
    np.testing.assert_array_equal(F.avg_pool1d(Tensor(x, dtype=dtype), 2), [[[np.nan], [-np.inf], [np.inf], [np.nan]]])


@pytest.mark.parametrize(
    ("x", "size", "stride", "words"),
    [
        ((1, 4, 4, 2), 5, 1, "at least as large as the window"),
        ((1, 4, 4, 2), 2**63, 1, "at least as large as the window"),
        ((1, 4, 4, 2), 0, 1, "window of at least 1"),
        ((1, 4, 4, 2), (2, 2), (0, 1), "stride of at least 1"),
        ((1, 4, 4, 2), (2, 2, 2), None, "down, across"),
        ((1, 4, 4, 2), (2, -2), None, "at least 0"),
        ((4, 4, 2), 2, None, "batch, height, width, channels"),
        ((), 1, None, "batch, height, width, channels"),
        ((1, 0, 0, 2), 1, None, "at least as large as the window"),
    ],
)
def test_what_cannot_be_is_refused(x, size, stride, words):
    for value in (Tensor.zeros(x), Graph([]).input(x)):
        for pool in (F.max_pool2d, F.avg_pool2d):
            with pytest.raises(ValueError, match=words):
                pool(value, size, stride)
