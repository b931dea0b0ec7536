"""Attractors as functions of tensors: their mean, how far and how strongly it pulls, and the pull itself.

d = c - x is the way from a state x to the centroid c, g = e^(-|d| / phi) the gravity. Each function here composes
operations of `Tensor`; the methods of the same names of `DeviceTensor` compute the same on a GPU.
"""

import math
from collections.abc import Sequence

from syntonic._core import PHI, Tensor, linalg_mm_nt, py_golden_weights


def centroid(states: Tensor, weights: Sequence[float]) -> Tensor:
    """Returns the weighted mean of the entries of axis 0, of those with a weight above 0; zeros if there are none.

    Args:
        states: (attractors, ...).
        weights: One for each attractor.

    Raises:
        ValueError: If there are not as many weights as attractors.
    """
    if len(weights) != len(states):
        raise ValueError(f"expected {len(states)} weights, one for each attractor, got {len(weights)}")
    kept = [max(weight, 0.0) for weight in weights]
    total = math.fsum(kept)
    shares = [weight / total if total > 0 else 0.0 for weight in kept]
    column = Tensor(shares, (len(shares), *(1 for _ in states.shape[1:])), states.dtype)
    return (states * column).sum(0)


def centroids(states: Tensor, weights: Sequence[float], lists: Sequence[Sequence[int]]) -> list[Tensor]:
    """Returns the centroid of each of some lists of attractors; -1 in a list stands for none.

    Raises:
        ValueError: If there are not as many weights as attractors.
        IndexError: If a list names an attractor that is not there.
    """
    chosen = [[slot for slot in slots if slot != -1] for slots in lists]
    return [centroid(states.index_select(0, slots), [weights[slot] for slot in slots]) for slots in chosen]


def geodesic_gravity(
    places: Tensor, velocities: Tensor, masses: Sequence[float], strength: float, softening: float = 0.0
) -> Tensor:
    """Returns v_i + strength sum_j m_j (x_j - x_i) / (|x_j - x_i|^2 + softening^2)^(3/2).

    That is the velocities of bodies after they pulled one another for a moment; bodies in one place do not.

    Args:
        places: x, (bodies, 3).
        velocities: v, (bodies, 3).
        masses: m of each body.
        strength: The moment, times the constant of gravity.
        softening: A length that keeps near bodies from pulling without bound.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if places.shape != (len(masses), 3) or velocities.shape != places.shape:
        raise ValueError(
            f"expected places and velocities of ({len(masses)}, 3) for {len(masses)} masses, "
            f"got {places.shape} and {velocities.shape}"
        )
    x: list[list[float]] = places.tolist()
    kicks = [[0.0, 0.0, 0.0] for _ in x]
    for kick, own in zip(kicks, x, strict=True):
        for mass, other in zip(masses, x, strict=True):
            way = [b - a for a, b in zip(own, other, strict=True)]
            square = math.fsum(d * d for d in way) + softening**2
            pull = mass / (square * math.sqrt(square)) if square else 0.0
            for axis in range(3):
                kick[axis] += strength * pull * way[axis]
    return velocities + Tensor(kicks, places.shape, places.dtype)


def distance(x: Tensor, centre: Tensor) -> float:
    """Returns |c - x|, the Euclidean length."""
    return math.hypot(*(centre - x).reshape(-1).tolist())


def gravity(x: Tensor, centre: Tensor) -> float:
    """Returns g = e^(-|c - x| / phi)."""
    return math.exp(-distance(x, centre) / PHI)


def feature_distance(x: Tensor, centre: Tensor) -> Tensor:
    """Returns d e^(-|d| / phi) of each element of d = c - x."""
    way = centre - x
    return way * (way.abs() * (-1 / PHI)).exp()


def retrocausal_harmonize(
    x: Tensor, centre: Tensor, mode_norms: Sequence[float], pull: float, beta: float, gravity: float = 1.0
) -> Tensor:
    """Returns (1 - pull) H x + pull (x + gravity (c - x)), H x = x (1 - beta (1 - w)): one H, one beta.

    Args:
        x: (..., features).
        centre: c, of the same shape.
        mode_norms: n^2 of each feature; w = e^(-n^2 / phi).
        pull: The share of the way that goes to the attractors, 0 to 1.
        beta: The strength of H; the theory's is S / phi.
        gravity: How much of the pull reaches x; `gravity(x, centre)` for the theory's.
    """
    shrink = Tensor([1 - beta * (1 - w) for w in py_golden_weights(mode_norms)], dtype=x.dtype)
    return x * shrink * (1 - pull) + (x + (centre - x) * gravity) * pull


def syntony_gradient(x: Tensor, centre: Tensor, syntony: float) -> Tensor:
    """Returns (c - x) (1 - S)^2."""
    return (centre - x) * (1 - syntony) ** 2


def hybrid_gradient(gradient: Tensor, x: Tensor, centre: Tensor, pull: float) -> Tensor:
    """Returns (1 - pull) gradient + pull g (c - x), of a layer that is not trained by its gradient alone."""
    return gradient * (1 - pull) + (centre - x) * (pull * gravity(x, centre))


def hooking_coefficient(n: Tensor, m: Tensor) -> Tensor:
    """Returns e^(n m / phi) of winding numbers, element by element."""
    return (n * m * (1 / PHI)).exp()


def hooking_coefficients(states: Tensor) -> Tensor:
    """Returns e^(<x_i, x_j> / ((d + 1) phi)) for every two of (states, d): (states, states)."""
    products: Tensor = linalg_mm_nt(states, states)
    return (products * (1 / ((states.shape[1] + 1) * PHI))).exp()
