"""Flat convolution and pooling against sliding windows of NumPy."""

import numpy as np
import pytest

from syntonic import _core


def random(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


def flat(array):
    return array.ravel().tolist(), list(array.shape)


def windows(x, size, stride):
    """The windows (b, oh, ow, c, kh, kw) of x (b, h, w, c)."""
    every = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return every[:, :: stride[0], :: stride[1]]


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [(0, 0), (1, 2), (2, 3), (5, 4)])
def test_conv2d(stride, padding):
    x, kernel = random(2, 7, 6, 3), random(4, 2, 3, 3)
    padded = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2, (0, 0)])
    want = np.einsum("bijcuv,ouvc->bijo", windows(padded, (2, 3), stride), kernel)
    data, shape = _core.py_conv2d(*flat(x), *flat(kernel), stride, padding)
    assert shape == list(want.shape)
    np.testing.assert_allclose(np.reshape(data, shape), want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("pool", "stride"), [((1, 1), (1, 1)), ((2, 3), (2, 1)), ((7, 6), (1, 1))])
def test_pooling(pool, stride):
    x = random(2, 7, 6, 3)
    for name, reduce in [("max", np.max), ("avg", np.mean)]:
        want = reduce(windows(x, pool, stride), axis=(-2, -1))
        data, shape = getattr(_core, f"py_{name}_pool2d")(*flat(x), pool, stride)
        assert shape == list(want.shape)
        np.testing.assert_allclose(np.reshape(data, shape), want, rtol=1e-12, atol=1e-14)


def test_global_pooling():
    x = random(2, 4, 5, 3)
    data, shape = _core.py_global_avg_pool2d(*flat(x))
    assert shape == [2, 3]
    np.testing.assert_allclose(np.reshape(data, shape), x.mean((1, 2)), rtol=1e-12, atol=1e-14)


def test_what_does_not_fit():
    x, kernel = random(1, 3, 3, 2), random(1, 2, 2, 2)
    for call in [
        lambda: _core.py_conv2d(*flat(x), *flat(random(1, 4, 2, 2))),
        lambda: _core.py_conv2d(*flat(x), *flat(random(1, 2, 2, 3))),
        lambda: _core.py_conv2d(*flat(x), *flat(kernel), (0, 1)),
        lambda: _core.py_conv2d([1.0], [1, 3, 3, 2], *flat(kernel)),
        lambda: _core.py_conv2d(*flat(x), [1.0], [1, 2, 2, 2]),
        lambda: _core.py_conv2d(*flat(x[0]), *flat(kernel)),
        lambda: _core.py_max_pool2d(*flat(x), (4, 1), (1, 1)),
        lambda: _core.py_avg_pool2d(*flat(x), (0, 1), (1, 1)),
        lambda: _core.py_max_pool2d(*flat(x), (1, 1), (1, 0)),
        lambda: _core.py_global_avg_pool2d([], [1, 0, 3, 2]),
        lambda: _core.py_global_avg_pool2d([1.0], [1]),
    ]:
        with pytest.raises(ValueError, match="expected"):
            call()
    with pytest.raises((OverflowError, ValueError)):
        _core.py_conv2d(*flat(x), *flat(kernel), (1, 1), (-1, 0))
