"""Cycles of D and H, damping, projection, masks and diffusion against their formulas; real states and complex ones."""

import math

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI
SIZES = [1, 3, 4, 1000, 100_003]


def cycle(x, norms, w, strength):
    """One cycle in binary64; S is that of each row, complex numbers count with their squared size."""
    energy = np.abs(x) ** 2
    s = (energy * w).sum(-1, keepdims=True) / energy.sum(-1, keepdims=True)
    return x * (1 + (1 - s) / PHI**2 * np.sqrt(norms)) * (1 - strength * s / PHI * (1 - w))


def syntony(x, w):
    return (np.abs(x) ** 2 * w).sum(-1) / (np.abs(x) ** 2).sum(-1)


@pytest.mark.parametrize(("shape", "cycles"), [((1, 5), 1), ((7, 33), 3), ((3, 4, 64), 2), ((2, 9001), 1), ((5, 8), 0)])
def test_cycles(gpu, shape, cycles):
    x, norms = gpu.normal(*shape), (3 * np.arange(shape[-1]) / shape[-1]) ** 2
    there = gpu.up(norms)
    weights = there.golden_weights()
    got, s = gpu.up(x).dhsr_cycles(there.mode_tables()[0], weights, strength=0.7, cycles=cycles)
    want, w = x.astype(np.float64), np.exp(-norms / PHI)
    for _ in range(cycles):
        want = cycle(want, norms, w, 0.7)
    gpu.near(got, want, np.abs(want) * (1 + norms), 16 * (1 + cycles))
    gpu.near(s, syntony(want, w), 1, 16 * (1 + cycles))


@pytest.mark.parametrize("shape", [(1, 3), (6, 40)])
def test_cycles_of_complex_states(gpu, shape):
    pairs, norms = gpu.normal(*shape, 2), (4 * np.arange(shape[-1]) / shape[-1]) ** 2
    tables = gpu.up(norms).twice()
    rows = gpu.up(pairs).reshape([shape[0], 2 * shape[1]])
    got, s = rows.dhsr_cycles(tables.mode_tables()[0], tables.golden_weights(), cycles=2)
    w, want = np.exp(-norms / PHI), pairs.astype(np.float64) @ [1, 1j]
    for _ in range(2):
        want = cycle(want, norms, w, 1.0)
    parts = np.stack([want.real, want.imag], -1).reshape(shape[0], -1)
    gpu.near(got, parts, np.abs(parts) * (1 + np.repeat(norms, 2)), 48)
    gpu.near(s, syntony(want, w), 1, 48)


@pytest.mark.parametrize("shape", [(1,), (5, 7), (4, 128), (3, 2, 33)])
@pytest.mark.parametrize("per_row", [False, True])
def test_functions_of_syntony(gpu, shape, per_row):
    x, target = gpu.normal(*shape), gpu.normal(*shape)
    norms = np.abs(gpu.normal(shape[-1], scale=6))
    s = gpu.rng.uniform(0, 1, shape[0] if per_row else 1).astype(gpu.dtype)
    along = s.astype(np.float64).reshape(-1, *[1] * (len(shape) - 1))
    wide, there, of_s = x.astype(np.float64), gpu.up(x), gpu.up(s)
    got = there.syntony_projection(gpu.up(target), of_s, 0.8)
    gpu.near(got, (1 - 0.8 * along) * wide + 0.8 * along * target, np.abs(x) + np.abs(target), 4)
    got = there.gnosis_mask(of_s, 0.5, 0.3)
    gpu.near(got, np.where(along >= 0.5, wide * (1 + 0.3 * (along - 0.5)), wide * along / 0.5 * 0.7), x, 4)
    edges = [((level + 1) * PHI) ** 2 for level in range(3)]
    excess = sum(PHI**-level * np.maximum(norms - edge, 0) for level, edge in enumerate(edges))
    got = there.damping_cascade(gpu.up(norms), of_s, 0.02, delta=0.5, levels=3)
    gpu.near(got, wide * np.maximum(1 - 0.02 * along * 1.5 * excess, 0), np.abs(x) * (1 + norms), 8)


@pytest.mark.parametrize("shape", [(1,), (5, 7), (4, 128), (3, 2, 33), (2, 10_001)])
@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize("levels", [0, 1, 4])
@pytest.mark.parametrize("memory", [None, 0.0, 0.25, 1.0])
def test_forms_of_the_gnosis_mask(gpu, shape, per_row, levels, memory):
    x, edges = gpu.normal(*shape), gpu.rng.uniform(0.1, 0.9, shape[-1]).astype(gpu.dtype)
    s, past = (gpu.rng.uniform(0, 1, shape[0] if per_row else 1).astype(gpu.dtype) for _ in range(2))
    counts = s.astype(np.float64) if memory is None else memory * past.astype(np.float64) + (1 - memory) * s
    along = counts.reshape(-1, *[1] * (len(shape) - 1))
    for threshold, wide in ((gpu.up(edges), edges.astype(np.float64)), (0.5, np.float64(0.5))):
        want, sure = x.astype(np.float64), np.ones(shape, bool)
        for level in range(levels):
            edge, force = wide * PHI**-level, 0.3 * PHI**-level
            want = want * np.where(along >= edge, 1 + force * (along - edge), along / edge * (1 - force))
            sure &= np.abs(along - edge) > 16 * gpu.eps
        there = {} if memory is None else {"past": gpu.up(past), "memory": memory}
        got = gpu.up(x).gnosis_mask(gpu.up(s), threshold, 0.3, levels=levels, **there)
        # A level multiplies by a number of at most five roundings; S carries three and a threshold two for each level.
        # What is as near to a threshold as that may be on its other side.
        want = np.where(sure, want, gpu.down(got))
        gpu.near(got, want, x, 16 * (1 + levels))


@pytest.mark.parametrize("n", SIZES)
def test_functions_of_elements(gpu, n):
    x, g = gpu.normal(n), gpu.normal(n)
    wide, other = x.astype(np.float64), g.astype(np.float64)
    got = gpu.down(gpu.up(x).archonic_filter(gpu.up(g), 1.0))
    angle = np.abs(np.arctan2(other, PHI * wide))
    sure = np.abs(angle - 1.0) > 16 * gpu.eps
    np.testing.assert_array_equal(got[sure], np.where(angle > 1.0, 0, other)[sure])
    want = (0.1 + 0.8 * np.tanh(np.abs(wide))) * other
    gpu.near(gpu.up(x).modulated_noise(gpu.up(g), 0.1, 0.9), want, g, 8)
    s = gpu.rng.uniform(0, 1, n).astype(gpu.dtype)
    gpu.near(gpu.up(s).dwell(5.0), 5 * PHI ** s.astype(np.float64), 9.0, 4)
    u, v = (gpu.rng.uniform(0, 1, n).astype(gpu.dtype) for _ in range(2))
    want = np.sqrt(-2 * np.log(np.maximum(u.astype(np.float64), 1e-10))) * np.cos(2 * np.pi * v.astype(np.float64))
    gpu.near(gpu.up(u).box_muller(gpu.up(v)), want, 7, 8)
    decayed = gpu.down(gpu.up(s).memory_decay(0.5, 0.25))
    half = s.astype(np.float64) * 0.5
    np.testing.assert_array_equal(decayed, np.where(half < 0.25, 0, half))


def rings(x, axes):
    return sum(np.roll(x, 1, axis) + np.roll(x, -1, axis) - 2 * x for axis in axes)


@pytest.mark.parametrize(
    ("shape", "axes"), [((1,), 1), ((2,), 1), ((3, 100), 1), ((1, 5), 2), ((4, 6, 7), 2), ((2, 1), 2)]
)
@pytest.mark.parametrize("complex", [False, True])
def test_diffusion(gpu, shape, axes, complex):
    dims = (*shape, 2) if complex else shape
    x, force = gpu.normal(*dims), gpu.normal(*dims)
    wide = x.astype(np.float64)
    last = len(shape) - 1
    lap = rings(wide, (last,) if axes == 1 else (last - 1, last))
    gpu.near(gpu.up(x).laplacian(axes, complex=complex), lap, 4 * np.abs(x).max(), 4)
    got = gpu.up(x).differentiation_full(0.4, force=gpu.up(force), alpha=0.5, zeta=0.25, axes=axes, complex=complex)
    gpu.near(got, wide + 0.3 * force + 0.15 * lap, 2 * np.abs(x).max() + np.abs(force), 4)


@pytest.mark.parametrize("n", [2, 33, 3000])
def test_pair_syntony(gpu, n):
    x = gpu.normal(n)
    wide = x.astype(np.float64)
    terms = PHI ** (np.outer(wide, wide) / (n - 1))
    want = (terms.sum() - np.trace(terms)) / n
    assert math.isclose(gpu.up(x).pair_syntony(), want, rel_tol=1e-12)


@pytest.mark.parametrize("dim", [None, 0, 1, 2])
def test_entropy(gpu, dim):
    p = np.abs(gpu.normal(5, 40, 300))
    p[0, 0, :7] = 0
    p /= p.sum(dim, keepdims=True) if dim is not None else p.sum()
    wide = p.astype(np.float64)
    terms = -wide * np.log(np.where(wide > 0, wide, 1))
    want = terms.sum() if dim is None else terms.sum(dim)
    gpu.near(gpu.up(p).entropy(dim), want, want, 2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (4, 64), (7, 65), (2, 3, 10_001)])
def test_argmax(gpu, shape):
    x = np.round(gpu.normal(*shape), 1)
    x[0, ..., shape[-1] // 2] = np.nan
    np.testing.assert_array_equal(gpu.down(gpu.up(x).argmax()), np.argmax(x, -1))


def test_refusals(gpu):
    x = gpu.up(np.zeros((2, 3)))
    one = gpu.up(np.ones(1))
    with pytest.raises(ValueError, match="1 or 2 axes"):
        x.laplacian(3)
    with pytest.raises(ValueError, match="pairs in a last one"):
        x.laplacian(1, complex=True)
    with pytest.raises(ValueError, match=r"expected shape \(3,\)"):
        x.damping_cascade(gpu.up(np.ones(2)), one, 0.1)
    with pytest.raises(ValueError, match="one syntony, or 2"):
        x.gnosis_mask(gpu.up(np.ones(3)), 0.5, 0.1)
    with pytest.raises(ValueError, match="threshold"):
        x.gnosis_mask(one, 0.0, 0.1)
    with pytest.raises(ValueError, match=r"expected shape \(3,?\)"):
        x.gnosis_mask(one, gpu.up(np.ones(2)), 0.1)
    with pytest.raises(ValueError, match=r"expected shape \(1,?\)"):
        x.gnosis_mask(one, 0.5, 0.1, past=gpu.up(np.ones(2)))
    with pytest.raises(ValueError, match="memory"):
        x.gnosis_mask(one, 0.5, 0.1, past=one, memory=1.5)
    with pytest.raises(ValueError, match="strength"):
        x.dhsr_cycles(gpu.up(np.ones(3)), gpu.up(np.ones(3)), strength=-1.0)
    with pytest.raises(ValueError, match="two numbers"):
        one.pair_syntony()
    with pytest.raises(ValueError, match="at least one number"):
        gpu.up(np.zeros((2, 0))).argmax()
