"""Attractors and the cycle of fields against their formulas in NumPy, for real and complex fields."""

import math

import numpy as np
import pytest

from syntonic._core import PHI, ComplexTensor, ResonantTensor, Tensor, py_mobius
from syntonic.classic import attractor, dhsr, dhsr_flow

NORMS = [0.0, 1.0, 4.0, 0.5, 9.0]
WEIGHTS = np.exp(-np.array(NORMS) / PHI)
ROOTS = np.sqrt(NORMS)


def random(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def tensor(x):
    return ComplexTensor.from_array(x) if np.iscomplexobj(x) else Tensor(x, dtype="float64")


def array(t):
    return np.asarray(t.pairs).view(complex)[..., 0] if isinstance(t, ComplexTensor) else np.asarray(t)


def field(kind, shape=(3, 5), seed=0):
    return random(shape, seed) + (1j * random(shape, seed + 50) if kind == "complex" else 0)


def close(got, want):
    np.testing.assert_allclose(array(got), want, rtol=1e-13, atol=1e-14)


def s_of(x):
    energy = np.abs(x) ** 2
    return (energy * WEIGHTS).sum() / energy.sum()


both = pytest.mark.parametrize("kind", ["real", "complex"])


def test_attractors():
    states, x = random((4, 3, 5)), random((3, 5), 1)
    w = np.array([0.2, -1.0, 0.0, 0.6])
    mean = (0.2 * states[0] + 0.6 * states[3]) / 0.8
    t, c = tensor(x), attractor.centroid(tensor(states), w.tolist())
    close(c, mean)
    close(attractor.centroid(tensor(states), [0.0] * 4), np.zeros((3, 5)))
    d = mean - x
    length = np.linalg.norm(d)
    g = math.exp(-length / PHI)
    assert attractor.distance(t, c) == pytest.approx(length, rel=1e-14)
    assert attractor.gravity(t, c) == pytest.approx(g, rel=1e-13)
    close(attractor.feature_distance(t, c), d * np.exp(-np.abs(d) / PHI))
    pulled = 0.7 * x * (1 - 0.4 * (1 - WEIGHTS)) + 0.3 * (x + d * g)
    close(attractor.retrocausal_harmonize(t, c, NORMS, 0.3, 0.4, g), pulled)
    close(attractor.syntony_gradient(t, c, 0.25), d * 0.75**2)
    gradient = random((3, 5), 2)
    close(attractor.hybrid_gradient(tensor(gradient), t, c, 0.3), 0.7 * gradient + 0.3 * g * d)
    close(attractor.hooking_coefficient(t, c), np.exp(x * mean / PHI))
    close(attractor.hooking_coefficients(t), np.exp(x @ x.T / (6 * PHI)))
    with pytest.raises(ValueError, match="4 weights"):
        attractor.centroid(tensor(states), [1.0])
    first, second, none = attractor.centroids(tensor(states), w.tolist(), [[3, -1, 0], [0, 1, 2], [-1, -1, -1]])
    close(first, mean)
    close(second, states[0])
    close(none, np.zeros((3, 5)))


@pytest.mark.parametrize("softening", [0.0, 0.5])
def test_gravity_kicks_bodies(softening):
    x, v, m = random((6, 3)), random((6, 3), 1), [1.0, 0.5, 2.0, 0.0, 3.0, 0.25]
    x[4] = x[1]
    ways = x[None] - x[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        pulls = m / ((ways**2).sum(-1) + softening**2) ** 1.5
    kicks = np.einsum("ij,ijk->ik", np.where(np.isfinite(pulls), pulls, 0), ways)
    got = array(attractor.geodesic_gravity(tensor(x), tensor(v), m, 0.1, softening))
    np.testing.assert_allclose(got, v + 0.1 * kicks, rtol=1e-12, atol=1e-12)
    # What one body gains another loses.
    np.testing.assert_allclose(m @ got, m @ v, rtol=1e-11, atol=1e-12)
    with pytest.raises(ValueError, match=r"\(2, 3\) for 2 masses"):
        attractor.geodesic_gravity(tensor(x), tensor(v), [1.0, 1.0], 0.1)


@both
def test_the_cycle(kind):
    x = field(kind)
    t, s = tensor(x), s_of(x)
    assert dhsr.syntony(t, NORMS) == pytest.approx(s, rel=1e-14)
    stretch, shrink = 1 + (1 - s) / PHI**2 * ROOTS, 1 - s / PHI * (1 - WEIGHTS)
    close(dhsr.differentiation(t, NORMS, s), x * stretch)
    close(dhsr.harmonization(t, NORMS, s), x * shrink)
    moved, after = dhsr.dhsr_cycle(t, NORMS)
    close(moved, x * stretch * shrink)
    assert after == pytest.approx(s_of(x * stretch * shrink), rel=1e-13)
    twice, _ = dhsr.dhsr_cycle(moved, NORMS)
    close(dhsr.dhsr_cycle(t, NORMS, cycles=2)[0], array(twice))
    assert dhsr.dh_partition(NORMS, s) == pytest.approx(np.max(np.abs(stretch - 1 - (1 - shrink))), rel=1e-13)
    golden = np.exp(-np.array(NORMS) / 2 / PHI)
    overlap = abs(golden @ x[0]) ** 2 / (golden @ golden) / (np.abs(x[0]) ** 2).sum()
    assert dhsr.gnosis(tensor(x[0]), NORMS) == pytest.approx(overlap, rel=1e-13)
    assert dhsr.gnosis(Tensor.zeros(5), NORMS) == dhsr.syntony(Tensor.zeros(5), NORMS) == 0
    with pytest.raises(ValueError, match="2 features"):
        dhsr.differentiation(t, [0.0, 1.0], s)


@both
def test_the_long_forms(kind):
    x, forcing, target = field(kind), field(kind, seed=1), field(kind, seed=2)
    t = tensor(x)
    line = np.roll(x, 1, -1) + np.roll(x, -1, -1) - 2 * x
    plane = line + np.roll(x, 1, 0) + np.roll(x, -1, 0) - 2 * x
    close(dhsr_flow.laplacian(t), line)
    close(dhsr_flow.laplacian(t, 2), plane)
    differentiated = x + 0.7 * (0.2 * forcing + 0.1 * line)
    close(dhsr_flow.differentiation_full(t, tensor(forcing), 0.3, alpha=0.2, zeta=0.1), differentiated)
    over = sum(PHI**-level * np.maximum(0, np.array(NORMS) - ((level + 1) * PHI) ** 2) for level in range(3))
    damping = np.maximum(0, 1 - 0.5 * 0.3 * 1.1 * over)
    close(dhsr_flow.damping_cascade(t, NORMS, 0.3, beta=0.5, delta=0.1), x * damping)
    close(dhsr_flow.syntony_projection(t, tensor(target), 0.3, gamma=0.4), 0.88 * x + 0.12 * target)
    step = dhsr_flow.dhsr_step(
        t, tensor(forcing), tensor(target), NORMS, 0.3, alpha=0.2, zeta=0.1, beta=0.55, gamma=0.4
    )
    close(step, 0.88 * differentiated * np.maximum(0, 1 - 0.55 * 0.3 * over) + 0.12 * target)
    for axes in (0, 3):
        with pytest.raises(ValueError, match="1 to 2 axes"):
            dhsr_flow.laplacian(t, axes)


def test_masks_and_history():
    x, past = random((3, 5)), random((3, 5), 1)
    t, p = tensor(x), tensor(past)
    close(dhsr_flow.harmonize_history(t, p, 0.8, pull=0.5, threshold=0.5), 0.7 * x + 0.3 * past)
    close(dhsr_flow.harmonize_history(t, p, 0.4, pull=0.5, threshold=0.5), x)
    close(dhsr_flow.harmonize_history(t, p, 1.0, pull=9.0, threshold=0.5), past)
    close(dhsr_flow.gnosis_mask(t, 0.8, threshold=0.5, strength=0.2), x * 1.06)
    close(dhsr_flow.gnosis_mask(t, 0.25, threshold=0.5, strength=0.2), x * 0.4)
    edges = [0.25, 0.5, 0.75, 0.6, 0.9]
    each = np.array([1 + 0.2 * (0.6 - e) if e <= 0.6 else 0.6 / e * 0.8 for e in edges])
    close(dhsr_flow.gnosis_mask(t, 0.6, threshold=edges, strength=0.2), x * each)
    both_levels = (0.4 / 0.5 * 0.8) * (1 + 0.2 / PHI * (0.4 - 0.5 / PHI))
    close(dhsr_flow.gnosis_mask(t, 0.4, threshold=0.5, strength=0.2, levels=2), x * both_levels)
    close(dhsr_flow.gnosis_mask(t, 0.4, threshold=0.5, strength=0.2, levels=0), x)
    close(dhsr_flow.gnosis_mask(t, 0.4, threshold=0.5, strength=0.2, past=1.0, memory=0.25), x * (1 + 0.2 * 0.05))
    with pytest.raises(ValueError, match="2 features"):
        dhsr_flow.gnosis_mask(t, 0.4, threshold=[0.5, 0.5], strength=0.2)
    kept = np.abs(np.arctan2(past, PHI * x)) <= 1.0
    close(dhsr_flow.archonic_filter(p, t, threshold=1.0), np.where(kept, past, 0))
    assert dhsr_flow.entropy(Tensor([0.5, 0.25, 0.25, 0.0])) == pytest.approx(1.5 * math.log(2), rel=1e-15)
    for bad in (0.0, math.nan):
        with pytest.raises(ValueError, match="threshold above 0"):
            dhsr_flow.gnosis_mask(t, 0.5, threshold=bad, strength=0.1)
        with pytest.raises(ValueError, match="threshold above 0"):
            dhsr_flow.harmonize_history(t, p, 0.5, pull=0.1, threshold=bad)


@both
@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_a_fourier_projection_projects(kind, n):
    x = field(kind, (n,))
    waves = np.fft.fft(x)
    waves[[k for k in range(n) if k not in (0, 3 % n, n - 1)]] = 0
    found = dhsr_flow.fourier_projection(tensor(x), [0, 3, -1])
    close(found, np.fft.ifft(waves))
    close(dhsr_flow.fourier_projection(found, [0, 3, -1]), array(found))
    with pytest.raises(ValueError, match="one axis"):
        dhsr_flow.fourier_projection(Tensor.zeros((2, 2)), [0])


def test_what_is_one_line():
    """Kernels whose formula is an expression of operations: weighted snaps, the Moebius filter, decay, patches."""
    x = random((3, 5))
    flux = ResonantTensor.from_flux(x, mode_norms=NORMS)
    snapped = np.asarray(ResonantTensor(x).to_tensor("float64"))
    np.testing.assert_allclose(flux.snap_gradient() * tensor(WEIGHTS), (snapped - x) * WEIGHTS, atol=1e-13)
    mask = [float(py_mobius(k) != 0) for k in range(1, 6)]
    close(tensor(x) * tensor(np.array(mask)), np.where(mask, x, 0))
    close(tensor(x) * PHI**-3, x * PHI**-3)
    image = random((2, 6, 5, 3))
    unit = ResonantTensor(np.eye(18).reshape(18, 2, 3, 3))
    patches = np.lib.stride_tricks.sliding_window_view(image, (2, 3), axis=(1, 2))[:, ::2, ::1]
    close(tensor(image).conv2d(unit, stride=(2, 1)), patches.transpose(0, 1, 2, 4, 5, 3).reshape(2, 3, 3, 18))
