"""`syntonic.core.state` as the documents write it, beside NumPy."""

import numpy as np
import pytest

from syntonic.core.state import State

VALUES = np.array([1 + 2j, -3.0, 0.5j, 4 - 1j, 2.0, -1j])


def test_complex_states():
    state = State(list(VALUES))
    np.testing.assert_array_equal(state.tolist(), VALUES)
    np.testing.assert_array_equal(state.conj().tolist(), VALUES.conj())
    np.testing.assert_array_equal(state.real.tolist(), VALUES.real)
    np.testing.assert_array_equal(state.imag.tolist(), VALUES.imag)
    square = VALUES.reshape(2, 3)
    np.testing.assert_array_equal(State(square.tolist()).H.tolist(), square.conj().T)
    np.testing.assert_allclose(abs(state).tolist(), abs(VALUES), rtol=1e-15)


def test_real_states():
    x = np.arange(6.0) - 2
    state = State(list(x))
    assert len(state) == 6
    assert float(state[4]) == 2.0
    np.testing.assert_array_equal(state[1:4].tolist(), x[1:4])
    np.testing.assert_array_equal(state.reshape(2, 3).tolist(), x.reshape(2, 3))
    np.testing.assert_array_equal(state.reshape(2, 3)[1].tolist(), x.reshape(2, 3)[1])
    assert float(state.sum()) == pytest.approx(x.sum())
    np.testing.assert_array_equal(abs(state).tolist(), abs(x))
    np.testing.assert_array_equal(state.conj().tolist(), x)
