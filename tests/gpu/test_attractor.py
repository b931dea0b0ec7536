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


@pytest.mark.parametrize(
    ("slots", "lists", "longest", "shape"), [(1, 1, 1, (1,)), (5, 3, 4, (7,)), (40, 17, 9, (3, 33))]
)
def test_centroids_of_lists(gpu, slots, lists, longest, shape):
    states, weights = gpu.normal(slots, *shape), gpu.rng.uniform(-0.2, 1, slots)
    chosen = gpu.rng.integers(-1, slots, (lists, longest))
    chosen[-1] = -1
    got = gpu.up(states).centroids(list(weights), chosen.tolist())
    shares = np.where(chosen >= 0, np.maximum(weights[chosen], 0), 0)
    whole = np.maximum(shares.sum(1), 1e-300).reshape(-1, *[1] * len(shape))
    want = np.einsum("bk,bk...->b...", shares, states.astype(np.float64)[chosen]) / whole
    # The sum is one of binary64; the quotient is rounded once more to the format.
    gpu.near(got, want, np.abs(states).max(0), 2)


def test_lists_of_attractors_that_do_not_fit(gpu):
    there = gpu.up(np.ones((2, 3)))
    assert there.centroids([1.0, 1.0], []).shape == (0, 3)
    np.testing.assert_array_equal(gpu.down(there.centroids([1.0, 1.0], [[], []])), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="attractors below 2"):
        there.centroids([1.0, 1.0], [[2]])
    with pytest.raises(ValueError, match="attractors below 2"):
        there.centroids([1.0, 1.0], [[-2]])
    with pytest.raises(ValueError, match="lists of one length"):
        there.centroids([1.0, 1.0], [[0], [0, 1]])
    with pytest.raises(ValueError, match="2 weights"):
        there.centroids([1.0], [[0]])


@pytest.mark.parametrize("n", [1, 2, 3, 255, 257, 1000])
@pytest.mark.parametrize("softening", [0.0, 0.3])
def test_geodesic_gravity(gpu, n, softening):
    places, velocities, masses = gpu.normal(n, 3), gpu.normal(n, 3), np.abs(gpu.normal(n))
    if n > 2:
        places[1] = places[0]  # two bodies in one place do not pull one another
    x = places.astype(np.float64)
    ways = x[None] - x[:, None]
    square = (ways**2).sum(-1) + softening**2
    with np.errstate(divide="ignore"):
        pulls = np.where(square > 0, masses / square**1.5, 0)
    kicks = np.einsum("ij,ijk->ik", pulls, ways)
    size = np.einsum("ij,ijk->ik", pulls, np.abs(ways))
    got = gpu.up(places).geodesic_gravity(gpu.up(velocities), gpu.up(masses), 0.1, softening)
    # In binary64 each term carries at most eight roundings and the sum n; in binary32 only the result is rounded.
    ulps = 2 if gpu.dtype == np.float32 else 8 + n
    gpu.near(got, velocities + 0.1 * kicks, np.abs(velocities) + 0.1 * size, ulps)


def test_bodies_that_do_not_fit(gpu):
    places, one = gpu.up(np.zeros((2, 3))), gpu.up(np.ones(2))
    with pytest.raises(ValueError, match=r"places of \(bodies, 3\)"):
        gpu.up(np.zeros((2, 2))).geodesic_gravity(places, one, 0.1)
    with pytest.raises(ValueError, match=r"expected shape \(2\)|expected shape \(2,\)"):
        places.geodesic_gravity(places, gpu.up(np.ones(3)), 0.1)
    with pytest.raises(ValueError, match="softening"):
        places.geodesic_gravity(places, one, 0.1, -1.0)
