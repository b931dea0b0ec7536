"""Exact operations against Python's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic._core import GoldenExact, ResonantTensor

coefficients = st.integers(-(2**29), 2**29)
points = st.lists(st.tuples(coefficients, coefficients), min_size=1, max_size=6)


def tensor(pairs, shape=None):
    return ResonantTensor.from_golden_exact(pairs, shape)


def multiply(x, y):
    return x[0] * y[0] + x[1] * y[1], x[0] * y[1] + x[1] * y[0] + x[1] * y[1]


@given(points)
def test_elementwise_operations(x):
    y = x[::-1]
    assert (tensor(x) + tensor(y)).lattice() == [(a + c, b + d) for (a, b), (c, d) in zip(x, y, strict=True)]
    assert (tensor(x) - tensor(y)).lattice() == [(a - c, b - d) for (a, b), (c, d) in zip(x, y, strict=True)]
    assert (tensor(x) * tensor(y)).lattice() == [multiply(p, q) for p, q in zip(x, y, strict=True)]
    assert (-tensor(x)).lattice() == [(-a, -b) for a, b in x]


@given(points)
def test_recursion_multiplies_by_phi_and_back(x):
    t = tensor(x)
    t.apply_recursion()
    assert t.lattice() == [multiply(p, (0, 1)) for p in x]
    t.apply_inverse_recursion()
    assert t.lattice() == x


@pytest.mark.parametrize(
    ("lead", "inner", "outer"), [((2,), 3, 4), ((), 5, 1), ((2, 3), 1, 2), ((0,), 2, 3), ((2,), 0, 3)]
)
def test_matmul(lead, inner, outer):
    rng = np.random.default_rng(1)
    x, w = rng.integers(-99, 99, (*lead, inner, 2)), rng.integers(-99, 99, (outer, inner, 2))
    a = np.einsum("...i,oi->...o", x[..., 0], w[..., 0]) + np.einsum("...i,oi->...o", x[..., 1], w[..., 1])
    b = sum(np.einsum("...i,oi->...o", x[..., i], w[..., j]) for i, j in [(0, 1), (1, 0), (1, 1)])
    flat = [tuple(map(int, p)) for p in x.reshape(-1, 2)]
    y = tensor(flat, (*lead, inner)).matmul(tensor([tuple(map(int, p)) for p in w.reshape(-1, 2)], (outer, inner)))
    assert y.shape == (*lead, outer)
    assert y.lattice() == [tuple(map(int, p)) for p in np.stack([a, b], -1).reshape(-1, 2)]


def test_exact_numbers_become_points():
    phi = GoldenExact.golden_ratio()
    assert tensor([phi, phi * phi, GoldenExact.from_integers(-3, 4)]).lattice() == [(0, 1), (1, 1), (-3, 4)]
    with pytest.raises(ValueError, match="GoldenExact"):
        tensor([GoldenExact(1, 2, 0, 1)])


def test_overflow_is_an_error_and_changes_nothing():
    t = tensor([(2**63 - 1, 1)])
    for operation in [lambda: t + t, lambda: t * t, t.apply_recursion, lambda: t.matmul(tensor([(2, 0)], (1, 1)))]:
        with pytest.raises(OverflowError, match="does not fit"):
            operation()
    with pytest.raises(OverflowError):
        -tensor([(-(2**63), 0)])
    assert t.lattice() == [(2**63 - 1, 1)]


def test_a_tensor_may_meet_itself():
    t = tensor([(1, 2)], (1, 1))
    assert (t * t).lattice() == t.matmul(t).lattice() == [(5, 8)]


def test_shapes_and_phases_must_fit():
    t, flux = tensor([(1, 2), (3, 4)]), ResonantTensor.from_flux([1.0, 2.0])
    with pytest.raises(ValueError, match="equal or 1"):
        t + tensor([(1, 2)] * 3)
    with pytest.raises(ValueError, match="call crystallize"):
        t + flux
    with pytest.raises(ValueError, match="call crystallize"):
        flux.apply_recursion()
    with pytest.raises(ValueError, match="outer, inner"):
        t.matmul(t)
    with pytest.raises(ValueError, match="equal last axes"):
        t.matmul(tensor([(1, 2)], (1, 1)))
    with pytest.raises(TypeError):
        t + "1"


def test_precision_and_norms_are_kept():
    t = ResonantTensor.from_golden_exact([(1, 2), (3, 4)], mode_norms=[0, 7], precision=9)
    for result in [t + t, t * t, -t]:
        assert (result.precision, result.mode_norms) == (9, [0, 7])
    with pytest.warns(RuntimeWarning, match="is beyond 23.562306"):
        (t * t).crystallize()
