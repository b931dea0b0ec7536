"""Softmax in its three modes, for short, odd and very long rows, last axis and others."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI
LENGTHS = [1, 2, 3, 7, 31, 32, 33, 100, 128, 1000, 1024, 1025, 4100, 10_007, 12_000, 32_768, 65_536, 131_072, 300_001]


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def bound(z, p, axis=-1):
    """A logit's rounding moves its probability by that much; so does each of the others, in the mean."""
    return p * (np.abs(z).max(axis, keepdims=True) + 8)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("mode", ["identity", "learned", "provided"])
def test_last_axis(gpu, mode, length):
    rows = 3 if length > 10_000 else 37
    x = gpu.normal(rows, length, scale=3)
    norms = np.abs(gpu.normal(length, scale=4))
    s = np.abs(gpu.normal(rows, length))
    z = x.astype(np.float64)
    keywords = {}
    if mode == "learned":
        z = z - 0.7 * norms.astype(np.float64) / PHI
        keywords = {"mode_norms": gpu.up(norms), "syntony_scale": 0.7}
    if mode == "provided":
        z = z + 0.7 * np.log(np.maximum(s.astype(np.float64), 1e-10))
        keywords = {"syntony": gpu.up(s), "syntony_scale": 0.7}
    p = softmax(z)
    got = gpu.up(x).fused_softmax(**keywords)
    gpu.near(got, p, bound(z, p), 4)
    assert np.abs(gpu.down(got).sum(-1) - 1).max() < 32 * gpu.eps


@pytest.mark.parametrize(
    ("shape", "dim"), [((5, 7, 3), 1), ((4, 100, 65), -2), ((9, 2), 0), ((3, 1, 5), 1), ((2, 3, 4, 5), 1)]
)
@pytest.mark.parametrize("mode", ["identity", "learned", "provided"])
def test_other_axes(gpu, mode, shape, dim):
    x, s = gpu.normal(*shape, scale=3), np.abs(gpu.normal(*shape))
    norms = np.abs(gpu.normal(shape[dim], scale=4))
    axis = dim % len(shape)
    along = [shape[axis] if i == axis else 1 for i in range(len(shape))]
    z = x.astype(np.float64)
    keywords = {}
    if mode == "learned":
        z = z - norms.astype(np.float64).reshape(along) / PHI
        keywords = {"mode_norms": gpu.up(norms)}
    if mode == "provided":
        z = z + np.log(np.maximum(s.astype(np.float64), 1e-10))
        keywords = {"syntony": gpu.up(s)}
    p = softmax(z, axis)
    gpu.near(gpu.up(x).fused_softmax(dim, **keywords), p, bound(z, p, axis), 4)


def test_known_values(gpu):
    got = gpu.down(gpu.up(np.array([[1.0, 2.0, 3.0]])).softmax())
    np.testing.assert_allclose(got, [[0.09003057, 0.24472847, 0.66524096]], rtol=1e-6)


@pytest.mark.parametrize("length", [3, 50, 5000, 40_000])
def test_hostile_rows(gpu, length):
    x = np.zeros((5, length))
    x[0] = 1e30
    x[1, 0] = 1000.0
    x[2, 1] = np.nan
    x[3] = -np.inf
    x[4, 0] = -np.inf
    got = gpu.down(gpu.up(x).softmax())
    np.testing.assert_allclose(got[0], 1 / length, rtol=1e-5)
    assert got[1, 0] == 1
    assert got[1, 1:].max() == 0
    assert np.isnan(got[2]).all()
    assert np.isnan(got[3]).all()
    assert got[4, 0] == 0
    np.testing.assert_allclose(got[4, 1:], 1 / (length - 1), rtol=1e-5)


def test_a_second_run_has_the_same_bits(gpu):
    x = gpu.up(gpu.normal(64, 70_000))
    np.testing.assert_array_equal(gpu.down(x.softmax()), gpu.down(x.softmax()))


def test_refusals(gpu):
    x = gpu.up(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="dim from -2 to 1"):
        x.softmax(2)
    with pytest.raises(ValueError, match=r"expected shape \(3,\)"):
        x.fused_softmax(mode_norms=gpu.up(np.zeros(2)))
    with pytest.raises(ValueError, match="got both"):
        x.fused_softmax(mode_norms=gpu.up(np.zeros(3)), syntony=x)
    assert gpu.down(gpu.up(np.zeros(())).softmax()) == 1
    assert gpu.down(gpu.up(np.zeros((0, 4))).softmax()).shape == (0, 4)
