"""States of complex numbers, against NumPy."""

import numpy as np
import pytest

from syntonic.classic.complex_array import ComplexArray
from syntonic.classic.state import State, from_list

X = np.array([[1 + 2j, -3.5j, 2.0], [0.25 - 1j, 4.0, -1 - 1j]])
Y = np.array([[0.5j, 1.0, -2 + 1j], [3.0, -0.5 - 0.5j, 1j]])


def near(got, want):
    assert isinstance(got, ComplexArray)
    assert got.shape == want.shape
    assert np.allclose(np.array(got.tolist()), want, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("given", [X, X.tolist(), tuple(map(tuple, X.tolist()))], ids=["array", "lists", "tuples"])
def test_complex_data_make_an_array_of_two_states(given):
    for x in (State(given), from_list(given)):
        near(x, X)
        assert isinstance(x.real, State)
        assert np.array_equal(np.asarray(x.real), X.real)
        assert np.array_equal(np.asarray(x.imag), X.imag)
        assert (x.dtype, x.ndim, x.size, len(x)) == ("complex128", 2, 6, 2)


def test_one_complex_number_is_enough_and_real_data_stay_real():
    near(State([1.0, [2j][0], 3]), np.array([1, 2j, 3]))
    near(State([[1, 2], [3j, 4]]), np.array([[1, 2], [3j, 4]]))
    assert isinstance(State([1.0, 2.0]), State)
    assert State(2j).item() == complex(State(2j)) == 2j


def test_conjugates_transposes_and_parts():
    x = State(X)
    near(x.conj(), X.conj())
    near(x.T, X.T)
    near(x.H, X.conj().T)
    near(x[1, 1:], X[1, 1:])
    near(x.reshape(3, 2), X.reshape(3, 2))
    near(x.sum(0), X.sum(0))
    near(x.mean(), X.mean())


def test_arithmetic():
    x, y = State(X), State(Y)
    near(x + y, X + Y)
    near(x - y, X - Y)
    near(x * y, X * Y)
    near(2j - x * (1 + 1j) + 3, 2j - X * (1 + 1j) + 3)
    near(x @ y.H, X @ Y.conj().T)
    near(x @ y.real.T, X @ Y.real.T)
    near(-x, -X)
    with pytest.raises(ValueError, match="shape"):
        _ = x + State(X.T)


def test_magnitudes_norm_and_syntony():
    x = State(X)
    assert np.allclose(np.asarray(abs(x)), np.abs(X), rtol=1e-15)
    assert x.norm() == pytest.approx(np.linalg.norm(X), rel=1e-15)
    weights = np.exp(-((3 * np.arange(3) / 3) ** 2) / ((1 + 5**0.5) / 2))
    energy = np.abs(X) ** 2
    assert x.syntony == pytest.approx((energy * weights).sum() / energy.sum(), rel=1e-14)
    large = State([3e200 + 4e200j, 0j])
    assert abs(large).tolist() == pytest.approx([5e200, 0.0], rel=1e-15)
