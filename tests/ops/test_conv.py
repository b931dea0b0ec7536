"""Convolutions against their definition in extended precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from products_reference import conv, random, wide

from syntonic._core import Graph, ResonantTensor, Tensor
from syntonic.sn import functional as F

DTYPES = ["float32", "float64"]


def check(x, w, b, stride, padding, dtype):
    function = {1: F.conv1d, 2: F.conv2d}[len(stride)]
    weight, bias = ResonantTensor.from_flux(w), ResonantTensor.from_flux(b)
    got = function(Tensor(x, dtype=dtype), weight, bias, stride, padding)
    assert got.dtype == dtype
    want, size = conv(x.astype(dtype), w.astype(dtype), b.astype(dtype), stride, padding)
    assert got.shape == want.shape
    # one rounding for each term, one for the bias
    bound = np.finfo(dtype).eps * (w[0].size + 1) / 2 * 1.01 * size
    assert np.all(np.abs(wide(got) - want) <= bound)


@st.composite
def cases(draw, axes):
    sizes = [draw(st.integers(1, 7)) for _ in range(axes)]
    padding = [draw(st.integers(0, 4)) for _ in range(axes)]  # as wide as the kernel, and wider
    kernel = [draw(st.integers(1, n + 2 * p)) for n, p in zip(sizes, padding, strict=True)]
    stride = [draw(st.integers(1, 4)) for _ in range(axes)]
    batch, inside, outside = draw(st.integers(0, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 19))
    seed = draw(st.integers(0, 2**16))
    x = random((batch, *sizes, inside), seed=seed)
    w, b = random((outside, *kernel, inside), seed=seed + 1), random((outside,), seed=seed + 2)
    return x, w, b, tuple(stride), tuple(padding)


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=cases(2))
@settings(max_examples=60, deadline=None)
def test_conv2d(dtype, case):
    check(*case, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=cases(1))
@settings(max_examples=40, deadline=None)
def test_conv1d(dtype, case):
    check(*case, dtype)


def test_windows_beyond_the_input_see_zeros():
    x, w, b = random((2, 3, 3, 2), "float32"), random((4, 2, 2, 2), seed=1), random((4,), seed=2)
    got = np.asarray(F.conv2d(Tensor(x), ResonantTensor.from_flux(w), ResonantTensor.from_flux(b), padding=(5, 3)))
    assert got.shape == (2, 12, 8, 4)
    border = np.ones((12, 8), bool)
    border[4:8, 2:6] = False
    assert (got[:, border] == b.astype("float32")).all()
    inner = F.conv2d(Tensor(x), ResonantTensor.from_flux(w), ResonantTensor.from_flux(b), padding=1)
    assert (got[:, 4:8, 2:6] == np.asarray(inner)).all()


def test_without_bias_and_with_one_number_for_both_axes():
    x, w = random((2, 6, 6, 3), "float32"), random((5, 3, 3, 3), seed=1)
    weight, zero = ResonantTensor.from_flux(w), ResonantTensor.zeros((5,))
    got = F.conv2d(Tensor(x), weight, stride=2, padding=1)
    assert got.tolist() == F.conv2d(Tensor(x), weight, zero, (2, 2), (1, 1)).tolist()
    assert F.conv2d(Tensor(x), weight).shape == (2, 4, 4, 5)


def test_one_axis_is_two_of_which_one_has_length_one():
    x, w = random((3, 11, 4), "float32"), random((7, 5, 4), seed=1)
    one = F.conv1d(Tensor(x), ResonantTensor.from_flux(w), stride=2, padding=3)
    two = F.conv2d(Tensor(x[:, None]), ResonantTensor.from_flux(w[:, None]), stride=(1, 2), padding=(0, 3))
    assert one.tolist() == np.asarray(two)[:, 0].tolist()


def test_nan_stays_where_the_windows_reach():
    x = np.zeros((1, 5, 5, 1), "float32")
    x[0, 2, 4] = np.nan
    got = np.asarray(F.conv2d(Tensor(x), ResonantTensor.from_flux(np.ones((1, 3, 3, 1)))))[0, :, :, 0]
    assert np.isnan(got[:, 2]).all()
    assert (got[:, :2] == 0).all()


HOSTILE = [
    ((1, 4, 4, 2), (3, 5, 3, 2), {}, "at least as large as the kernel"),
    ((1, 4, 4, 2), (3, 3, 3, 1), {}, "batch, height, width, 1"),
    ((1, 4, 2), (3, 3, 3, 2), {}, "batch, height, width, 2"),
    ((1, 4, 4, 2), (3, 3, 2), {}, "kh, kw"),
    ((1, 4, 4, 2), (3, 0, 3, 2), {}, "kh, kw"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"stride": 0}, "stride of at least 1"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"stride": (1, 0)}, "stride of at least 1"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"stride": -1}, "at least 0"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"stride": (1, 1, 1)}, "down, across"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"padding": 2**16, "stride": 2**16}, "at most 2147483648 numbers in a sample"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"padding": 2**63}, "at most 2147483648 numbers in a sample"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"padding": 2**70}, "at least 0"),
    ((1, 4, 4, 2), (3, 3, 3, 2), {"padding": "1"}, "at least 0"),
]


@pytest.mark.parametrize(("x", "w", "options", "words"), HOSTILE)
def test_what_cannot_be_is_refused(x, w, options, words):
    weight = ResonantTensor.zeros(w)
    symbol = Graph([weight]).input(x)
    for value in (Tensor.zeros(x), symbol):
        with pytest.raises(ValueError, match=words) as error:
            F.conv2d(value, weight, None, **options)
        assert "Tensor" not in str(error.value)


def test_one_axis_is_refused_likewise():
    weight = ResonantTensor.zeros((3, 3, 2))
    for x, options, words in [
        ((1, 2, 2), {}, "at least as large"),
        ((1, 4, 4, 2), {}, r"batch, length, 2"),
        ((1, 4, 2), {"stride": 0}, r"stride of at least 1, got \[0\]"),
        ((1, 4, 2), {"padding": 2**62}, r"at most 2147483648 numbers in a sample, got \[4611686018427387904\]"),
        ((1, 4, 2), {"stride": (1, 2)}, "one stride"),
    ]:
        with pytest.raises(ValueError, match=words):
            F.conv1d(Tensor.zeros(x), weight, **options)
    with pytest.raises(ValueError, match=r"bias of shape \(3,\)"):
        F.conv1d(Tensor.zeros((1, 4, 2)), weight, ResonantTensor.zeros((2,)))
