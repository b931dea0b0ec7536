"""Winding operations against their formulas."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI
SIZES = [0, 1, 3, 5, 1000, 100_001]


@pytest.mark.parametrize("n", SIZES)
def test_weights_and_energies(gpu, n):
    norms, x = np.abs(gpu.normal(n, scale=4)), gpu.normal(n)
    want = np.exp(-norms.astype(np.float64) / PHI)
    gpu.near(gpu.up(norms).golden_weights(), want, want * (norms + 1), 4)
    gpu.near(gpu.up(x).energy(), x.astype(np.float64) ** 2, x.astype(np.float64) ** 2, 1)
    gpu.near(gpu.up(x).weighted_energy(gpu.up(norms)), x.astype(np.float64) * norms, x * norms, 1)
    gpu.near(gpu.up(x).golden_decay(3), x * PHI**-3, x, 2)


def test_mode_norms(gpu):
    # 46,341^2 does not fit 32 bits.
    got = _core.DeviceTensor.mode_norms(60_000, dtype=str(gpu.dtype))
    gpu.near(got, np.arange(60_000.0) ** 2, np.arange(60_000.0) ** 2, 1)
    scaled = (3 * np.arange(7.0) / 7) ** 2
    gpu.near(_core.DeviceTensor.mode_norms(7, 3.0, dtype=str(gpu.dtype)), scaled, scaled, 1)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (64, 128), (3, 4, 30), (2, 9001), (1, 1_000_003), (400, 8193)])
def test_batch_syntony(gpu, shape):
    x, w = gpu.normal(*shape), np.exp(-np.abs(gpu.normal(shape[-1])))
    square = x.astype(np.float64) ** 2
    want = (square * w).sum(-1) / square.sum(-1)
    got = gpu.up(x).batch_syntony(gpu.up(w))
    assert got.shape == shape[:-1]
    gpu.near(got, want, 1, 4)
    np.testing.assert_array_equal(gpu.down(got), gpu.down(gpu.up(x).batch_syntony(gpu.up(w))))


@pytest.mark.parametrize("dim", [6, 20_000])
def test_syntony_at_the_ends_of_the_format(gpu, dim):
    big = float(np.finfo(gpu.dtype).max) / 4
    small = float(np.finfo(gpu.dtype).tiny)
    w = np.linspace(1, 0.1, dim)
    x = np.ones((5, dim)) * np.array([[big], [small], [0.0], [1.0], [np.nan]])
    got = gpu.down(gpu.up(x).batch_syntony(gpu.up(w)))
    np.testing.assert_allclose(got[[0, 1, 3]], w.mean(), rtol=1e-5)
    assert got[2] == 0
    assert np.isnan(got[4])


def test_mobius_filter(gpu):
    x = gpu.normal(11, 7)
    mask = [1, 1, 1, 0, 1, -1, 0]
    want = np.where(np.array(mask) != 0, x, 0)
    np.testing.assert_array_equal(gpu.down(gpu.up(x).mobius_filter(mask)), want)
    with pytest.raises(ValueError, match="a mask of 7"):
        gpu.up(x).mobius_filter([1])


def test_refusals(gpu):
    x = gpu.up(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"expected shape \(3,\)"):
        x.batch_syntony(gpu.up(np.ones(2)))
    with pytest.raises(ValueError, match="scalar"):
        gpu.up(np.ones(())).batch_syntony(gpu.up(np.ones(1)))
