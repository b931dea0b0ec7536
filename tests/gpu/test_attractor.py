"""Attractors against their formulas."""

import numpy as np
import pytest

from syntonic import _core

PHI = _core.PHI


@pytest.mark.parametrize(("slots", "shape"), [(1, (1,)), (3, (5,)), (32, (1001,)), (200, (7, 33))])
def test_centroid(gpu, slots, shape):
    states, weights = gpu.normal(slots, *shape), gpu.rng.uniform(-0.5, 1, slots)
    used = np.where(weights > 0, weights, 0)
    want = np.tensordot(used, states.astype(np.float64), 1) / max(used.sum(), 1e-300)
    gpu.near(gpu.up(states).centroid(list(weights)), want, np.abs(states).max(0), 4)


def test_no_weight_no_centroid(gpu):
    np.testing.assert_array_equal(gpu.down(gpu.up(np.ones((2, 3))).centroid([0.0, -1.0])), np.zeros(3))
    with pytest.raises(ValueError, match="2 weights"):
        gpu.up(np.ones((2, 3))).centroid([1.0])
    with pytest.raises(ValueError, match="finite"):
        gpu.up(np.ones((1, 3))).centroid([float("nan")])


@pytest.mark.parametrize("n", [0, 1, 5, 1000, 300_001])
def test_distance(gpu, n):
    x, c = gpu.normal(n), gpu.normal(n)
    want = np.linalg.norm(x.astype(np.float64) - c.astype(np.float64))
    assert gpu.up(x).distance(gpu.up(c)) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (9, 64), (3, 10_001)])
@pytest.mark.parametrize("gravity", [1.0, 0.25])
def test_pulls(gpu, shape, gravity):
    x, c, w = gpu.normal(*shape), gpu.normal(*shape), np.abs(gpu.normal(shape[-1]))
    wide = [a.astype(np.float64) for a in (x, c, w)]
    kept = wide[0] * (1 - 0.2 * (1 - wide[2]))
    want = 0.7 * kept + 0.3 * (wide[0] + gravity * (wide[1] - wide[0]))
    scale = np.abs(x) * (w + 1) + np.abs(c)
    gpu.near(gpu.up(x).retrocausal_harmonize(gpu.up(c), gpu.up(w), 0.3, 0.2, gravity), want, scale, 8)
    d = wide[1] - wide[0]
    gpu.near(gpu.up(x).syntony_gradient(gpu.up(c), 0.4), d * 0.36, np.abs(x) + np.abs(c), 4)
    gpu.near(
        gpu.up(x).feature_distance(gpu.up(c)),
        d * np.exp(-np.abs(d) / PHI),
        (np.abs(x) + np.abs(c)) * (np.abs(d) + 1),
        8,
    )
    want = np.exp(wide[0] * wide[1] / PHI)
    gpu.near(gpu.up(x).hooking_coefficient(gpu.up(c)), want, want * (np.abs(wide[0] * wide[1]) + 1), 8)


def test_an_attractor_is_a_fixed_point(gpu):
    x = gpu.normal(4, 5)
    got = gpu.up(x).retrocausal_harmonize(gpu.up(x), gpu.up(np.ones(5)), 0.3, 0.5)
    gpu.near(got, x, x, 3)
    with pytest.raises(ValueError, match="pull"):
        gpu.up(x).retrocausal_harmonize(gpu.up(x), gpu.up(np.ones(5)), 1.5, 0.5)
