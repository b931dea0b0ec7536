"""Softmax and syntonic softmax beside NumPy in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic import _core
from syntonic._core import ResonantTensor, Tensor
from syntonic.sn import functional as F

PHI = (1 + 5**0.5) / 2
# A few roundings of the format: of the exponential, of the sum, of the quotient.
BOUND = {"float32": 2e-6, "float64": 4e-15}
DTYPES = ["float32", "float64"]


def oracle(x, dim, bias=0.0):
    x = np.asarray(x, np.float64) + bias
    x = x - x.max(dim, keepdims=True)
    e = np.exp(x)
    return e / e.sum(dim, keepdims=True)


def close(got, want, dtype, factor=1):
    got = np.asarray(got)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want, rtol=factor * BOUND[dtype], atol=1e-35 if dtype == "float32" else 1e-300)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.floats(-1e4, 1e4), st.data())
def test_any_axis_at_any_offset(dtype, dims, seed, offset, data):
    x = (np.random.default_rng(seed).standard_normal(dims) * 3 + offset).astype(dtype)
    dim = data.draw(st.integers(-len(dims), len(dims) - 1))
    close(F.softmax(Tensor(x, dtype=dtype), dim), oracle(x, dim), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("dims", "dim"), [((40000, 7), -1), ((3, 60000), 1), ((90, 33, 70), 1), ((300, 1000), 0)])
def test_large_arrays_by_any_number_of_threads(dtype, dims, dim):
    x = np.random.default_rng(1).standard_normal(dims).astype(dtype)
    before, found = _core.threads(), []
    for count in (1, 2, before):
        _core.set_threads(count)
        found.append(np.asarray(Tensor(x, dtype=dtype).softmax(dim)).tobytes())
    assert len(set(found)) == 1
    close(Tensor(x, dtype=dtype).softmax(dim), oracle(x, dim), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite(dtype):
    inf, nan = float("inf"), float("nan")
    x = [[-inf, -inf, -inf], [-inf, 0.0, 0.0], [inf, 0.0, 0.0], [nan, 0.0, 0.0], [3e38, -3e38, 3e38]]
    got = np.asarray(Tensor(x, dtype=dtype).softmax())
    np.testing.assert_allclose(got[0], 1 / 3, rtol=1e-7)
    np.testing.assert_array_equal(got[1], [0, 0.5, 0.5])
    assert np.isnan(got[2:4]).all()
    np.testing.assert_array_equal(got[4], [0.5, 0, 0.5])


def test_empty_scalar_and_strided():
    assert np.asarray(Tensor.zeros((0, 3)).softmax()).shape == (0, 3)
    assert np.asarray(Tensor.zeros((3, 0)).softmax()).shape == (3, 0)
    assert Tensor.full((), 7.0).softmax().item() == 1.0
    x = np.arange(24.0).reshape(4, 6)[::2, ::-3]
    close(Tensor(x, dtype="float64").softmax(0), oracle(x, 0), "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 30), st.floats(0, 3), st.integers(0, 99))
def test_mode_norms_and_syntony(dtype, rows, length, scale, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, length)).astype(dtype)
    norms = rng.random(length) * 20
    close(
        F.syntonic_softmax(Tensor(x, dtype=dtype), mode_norms=list(norms), syntony_scale=scale),
        oracle(x, -1, (-scale * norms / PHI).astype(dtype)),
        dtype,
        factor=20,  # a sum of the size of 40 is rounded before its exponential
    )
    down = F.syntonic_softmax(Tensor(x, dtype=dtype), 0, [float(i) for i in range(rows)], syntony_scale=scale)
    np.testing.assert_allclose(down, oracle(x, 0, -scale * np.arange(rows)[:, None] / PHI), rtol=4e-5, atol=1e-30)
    s = rng.random((rows, length)).astype(dtype)
    s[0, 0] = 0
    got = F.syntonic_softmax(Tensor(x, dtype=dtype), syntony=Tensor(s, dtype=dtype), syntony_scale=scale)
    np.testing.assert_allclose(
        got, oracle(x, -1, scale * np.log(np.maximum(s.astype(float), 1e-10))), rtol=4e-5, atol=1e-30
    )


def test_large_norms_do_not_underflow():
    x = Tensor([[0.0, 0.0]], dtype="float64")
    got = np.asarray(F.syntonic_softmax(x, mode_norms=[1e6, 1e6 + 7]))
    np.testing.assert_allclose(got[0, 1] / got[0, 0], np.exp(-7 / PHI), rtol=1e-9)


def test_flat_names_and_state():
    x = [[0.1, 0.5, -0.2], [1.0, 2.0, 3.0]]
    t = Tensor(x, dtype="float64")
    np.testing.assert_allclose(_core.compute_syntonic_weights([0.0, 1.0, 4.0]), np.exp(-np.array([0, 1, 4]) / PHI))
    close(_core.syntonic_softmax(t), oracle(x, -1), "float64")
    learned = oracle(x, -1, -np.array([0.0, 1, 4]) / PHI)
    close(_core.syntonic_softmax(t, mode_norms=[0.0, 1, 4]), learned, "float64")
    state = _core.SyntonicSoftmaxState("learned", num_features=3)
    close(state.forward(t), learned, "float64")
    state.set_mode_norms([1.0, 1.0, 1.0])
    close(state.forward(t), oracle(x, -1), "float64")
    provided = _core.SyntonicSoftmaxState(_core.SyntonicSoftmaxMode("provided"), dim=0)
    close(provided.forward(t, Tensor.ones((2, 3), dtype="float64")), oracle(x, 0), "float64")
    resonant = ResonantTensor(x)
    close(_core.syntonic_softmax(resonant), oracle(resonant.to_list(), -1), "float64")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.softmax(2), "dim"),
        (lambda t: t.softmax(-3), "dim"),
        (lambda t: t.syntonic_softmax(mode_norms=[1.0]), "3 mode norms"),
        (lambda t: t.syntonic_softmax(syntony=Tensor([1.0])), "syntony"),
        (lambda t: t.syntonic_softmax(mode_norms=[1.0] * 3, syntony=t), "both"),
        (lambda t: _core.syntonic_softmax(t, mode="learned"), "mode_norms"),
        (lambda t: _core.syntonic_softmax(t, mode="provided"), "syntony"),
        (lambda t: _core.syntonic_softmax(t, mode="golden"), "golden"),
        (lambda _: _core.SyntonicSoftmaxState("learned"), "num_features"),
    ],
)
def test_misfits(call, text):
    with pytest.raises(ValueError, match=text):
        call(Tensor.zeros((2, 3)))
