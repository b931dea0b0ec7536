"""The phase functional against NumPy's complex exponentials and eigenvalues."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.classic.phase import TARGET_PHASE, density_spectrum, matrix_phase, phase_cost, phase_functional, spectrum

lists = st.lists(st.floats(0.01, 10), min_size=3, max_size=9)


@given(lists)
def test_phase_is_the_angle_of_the_trace(values):
    eigenvalues = density_spectrum(values)
    z = np.exp(1j * np.pi * np.square(values) / np.square(values).sum()).sum()
    if abs(z) > 1e-3:
        assert phase_functional(eigenvalues) == pytest.approx(np.angle(z), abs=1e-11)


@given(lists, st.integers(0, 2**32))
def test_a_matrix_has_the_phase_of_its_spectrum(values, seed):
    eigenvalues = density_spectrum(values)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    rho = turn @ np.diag(eigenvalues) @ turn.T
    np.testing.assert_allclose(spectrum(rho), sorted(eigenvalues), atol=1e-13)
    assert matrix_phase(rho) == pytest.approx(phase_functional(eigenvalues), abs=1e-9)


@given(st.floats(0.01, 0.99))
def test_every_mixed_qubit_meets_the_target(p):
    assert phase_functional([p, 1 - p]) == pytest.approx(TARGET_PHASE, abs=1e-12)


@pytest.mark.parametrize("n", range(2, 30))
def test_the_uniform_state_has_the_phase_pi_over_n(n):
    assert matrix_phase(np.eye(n) / n) == pytest.approx(math.pi / n, rel=1e-14)


def test_spectrum_of_random_symmetric_matrices():
    for n in [1, 2, 5, 20]:
        a = np.random.default_rng(n).normal(size=(n, n))
        np.testing.assert_allclose(spectrum(a + a.T), np.linalg.eigvalsh(a + a.T), atol=1e-13 * n)
    assert spectrum(np.zeros((0, 0))) == []


@pytest.mark.parametrize(
    "bad", [[[1.0, 2.0], [0.0, 1.0]], [[1.0, 2.0]], [1.0], 3.0, [[math.nan]], [[math.inf]], np.zeros((2, 2, 2))]
)
def test_other_matrices_are_refused(bad):
    with pytest.raises(ValueError, match="spectrum"):
        spectrum(bad)


@pytest.mark.parametrize("bad", [[], [0.4], [1.5, -0.5], [math.nan, 1.0], [0.5, 0.5, 1e-3]])
def test_other_spectra_are_refused(bad):
    with pytest.raises(ValueError, match="phase"):
        phase_functional(bad)


def test_costs():
    assert phase_cost(TARGET_PHASE) == 0
    assert phase_cost(math.pi, -math.pi / 2) == pytest.approx((math.pi / 2) ** 2)
    for bad in [[], [0.0], [math.nan], [math.inf, 1.0]]:
        with pytest.raises(ValueError, match="energy"):
            density_spectrum(bad)
