"""The D and H phases against their formulas, and against the CPU's noise."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI


def d_phase(x, z, norms, s, noise_scale, weighted):
    missing = 1 - s
    spread = np.exp(-norms / (4 * PHI)) if weighted else 1.0
    return x * (1 + missing / PHI**2 * np.sqrt(norms)) + missing * noise_scale * spread * z


@pytest.mark.parametrize("shape", [(1,), (7,), (5, 3), (6, 128), (3, 5, 33), (2, 50_001)])
@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_phases(gpu, shape, per_row, weighted):
    x, z = gpu.normal(*shape), gpu.normal(*shape)
    norms = np.abs(gpu.normal(shape[-1], scale=3))
    s = np.abs(gpu.rng.uniform(0, 1, shape[0] if per_row else 1)).astype(gpu.dtype)
    along = s.astype(np.float64).reshape(-1, *[1] * (len(shape) - 1))
    wide = [a.astype(np.float64) for a in (x, z, norms)]
    roots, spreads = gpu.up(norms).mode_tables()
    got = gpu.up(x).d_phase(roots, gpu.up(s), spreads=spreads if weighted else None, noise_scale=0.3, noise=gpu.up(z))
    scale = np.abs(x) * (1 + np.sqrt(norms)) + np.abs(z)
    gpu.near(got, d_phase(*wide, along, 0.3, weighted), scale, 8)
    w = np.exp(-wide[2] / PHI)
    got = gpu.up(x).h_phase(gpu.up(norms).golden_weights(), gpu.up(s), 0.5)
    gpu.near(got, wide[0] * (1 - 0.5 * along / PHI * (1 - w)), np.abs(x) * (norms + 1), 8)


@pytest.mark.parametrize("n", [1, 8, 1001])
def test_the_noise_is_that_of_the_cpu(gpu, n):
    x = _core.ResonantTensor(np.zeros(n), shape=[n], mode_norms=[0.0] * n)
    x.wake_flux()
    x.differentiate(1.0, seed=4, step=9, weighted=False)
    zeros = gpu.up(np.zeros(n))
    got = zeros.d_phase(zeros, gpu.up(np.zeros(1)), noise_scale=1.0, seed=4, step=9)
    np.testing.assert_array_equal(gpu.down(got), np.array(x.to_list()))


def test_a_cycle_of_the_cpu(gpu):
    """D then H with the syntony from before D: what ResonantTensor does, to rounding."""
    if gpu.dtype == np.float32:
        pytest.skip("the CPU's cycle is in binary64")
    x = _core.ResonantTensor.from_flux(gpu.normal(24), shape=[4, 6])
    norms = np.array(x.mode_norms)
    start = gpu.up(np.array(x.to_list()))
    weights = gpu.up(norms).golden_weights()
    s = gpu.up(np.array([x.syntony]))
    roots, spreads = gpu.up(norms).mode_tables()
    got = start.d_phase(roots, s, spreads=spreads, noise_scale=0.1, seed=3, step=2).h_phase(weights, s)
    beta = x.syntony / PHI
    x.differentiate(0.1, seed=3, step=2)
    want = np.array(x.to_list()) * (1 - beta * (1 - np.exp(-norms / PHI)))
    gpu.near(got, want, np.abs(want) + 1, 16)


def test_refusals(gpu):
    x, one = gpu.up(np.ones((4, 3))), gpu.up(np.ones(1))
    with pytest.raises(ValueError, match="one syntony, or 4"):
        x.h_phase(gpu.up(np.ones(3)), gpu.up(np.ones(2)))
    with pytest.raises(ValueError, match="strength"):
        x.h_phase(gpu.up(np.ones(3)), one, -1.0)
    with pytest.raises(ValueError, match="noise scale"):
        x.d_phase(gpu.up(np.ones(3)), one, noise_scale=float("nan"))
