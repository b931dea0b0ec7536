"""The phi-residual and its activations beside NumPy in float64; exact on the lattice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic import _core
from syntonic._core import PhiResidualMode, ResonantTensor, Tensor
from syntonic.sn import functional as F

PHI = (1 + 5**0.5) / 2
JOIN = {
    "phi": lambda x, r: x + r / PHI,
    "phi_symmetric": lambda x, r: (x + r) / PHI,
    "standard": lambda x, r: x + r,
}
DTYPES = ["float32", "float64"]


def gelu(y):
    return 0.5 * y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3)))


def layer_norm(y):
    return (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)


ACTIVATION = {"none": lambda y: y, "relu": lambda y: np.maximum(y, 0), "gelu": gelu, "layer_norm": layer_norm}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", JOIN)
@pytest.mark.parametrize("activation", ACTIVATION)
@settings(deadline=None, max_examples=40)
@given(dims=st.lists(st.integers(1, 30), min_size=1, max_size=3), seed=st.integers(0, 999))
def test_against_numpy(dtype, mode, activation, dims, seed):
    rng = np.random.default_rng(seed)
    x, r = (rng.standard_normal(dims).astype(dtype) * 3 for _ in range(2))
    got = F.phi_residual(Tensor(x, dtype=dtype), Tensor(r, dtype=dtype), mode, activation)
    want = ACTIVATION[activation](JOIN[mode](x.astype(float), r.astype(float)))
    # Cancellation leaves an absolute error of a rounding of x; a layer norm of close numbers magnifies it.
    unit = np.finfo(dtype).eps
    magnified = 1.0
    if activation == "layer_norm":
        y = JOIN[mode](x.astype(float), r.astype(float))
        magnified = 1 / np.sqrt(y.var(-1).min() + 1e-5)
    np.testing.assert_allclose(got, want, rtol=20 * unit, atol=60 * unit * magnified)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATION)
def test_large_arrays_by_any_number_of_threads(dtype, activation):
    rng = np.random.default_rng(3)
    x, r = (rng.standard_normal((4001, 101)).astype(dtype) for _ in range(2))
    before, found = _core.threads(), []
    for count in (1, before):
        _core.set_threads(count)
        y = Tensor(x, dtype=dtype).phi_residual(Tensor(r, dtype=dtype), activation=activation)
        found.append(np.asarray(y).tobytes())
    assert found[0] == found[1]
    want = ACTIVATION[activation](JOIN["phi"](x.astype(float), r.astype(float)))
    np.testing.assert_allclose(np.asarray(y), want, rtol=1e-5 if dtype == "float32" else 1e-13, atol=2e-6)


def test_gain_of_independent_inputs():
    rng = np.random.default_rng(0)
    x, r = (Tensor(rng.standard_normal(400_000), dtype="float64") for _ in range(2))
    for mode, gain in [("phi", 1 + PHI**-2), ("phi_symmetric", 2 * PHI**-2), ("standard", 2.0)]:
        assert np.asarray(x.phi_residual(r, mode)).var() == pytest.approx(gain, rel=0.01)


def test_what_is_not_finite_empty_and_strided():
    inf, nan = float("inf"), float("nan")
    x = Tensor([1.0, inf, -inf, nan, 0.0])
    got = np.asarray(x.phi_residual(Tensor([1.0, 1.0, inf, 0.0, -inf]), activation="relu"))
    np.testing.assert_array_equal(got, np.array([1 + 1 / PHI, inf, nan, nan, 0.0], np.float32))
    assert np.asarray(Tensor.zeros((0, 4)).phi_residual(Tensor.zeros((0, 4)))).shape == (0, 4)
    a = np.arange(60.0).reshape(6, 10)
    got = F.phi_residual(Tensor(a[::2, ::3], dtype="float64"), Tensor(a.T[:3, :4], dtype="float64"))
    np.testing.assert_allclose(got, a[::2, ::3] + a.T[:3, :4] / PHI, rtol=1e-15)


def test_the_lattice_stays_exact():
    x = ResonantTensor.from_golden_exact([(3, 1), (0, 2)])
    r = ResonantTensor.from_golden_exact([(1, 4), (-5, 0)])
    # (1 + 4 phi)/phi = (1 + 4 phi)(phi - 1) = 3 + phi, and -5/phi = 5 - 5 phi
    assert _core.phi_residual(x, r).lattice() == [(6, 2), (5, -3)]
    assert _core.phi_residual(x, r, PhiResidualMode("standard")).lattice() == [(4, 5), (-5, 2)]
    # (4 + 5 phi)/phi = 1 + 4 phi, (-5 + 2 phi)/phi = 7 - 5 phi
    assert _core.phi_residual(x, r, "phi_symmetric").lattice() == [(1, 4), (7, -5)]
    floats = _core.phi_residual_relu(x, r)
    np.testing.assert_allclose(floats, np.maximum(np.array(x.to_list()) + np.array(r.to_list()) / PHI, 0), atol=2e-15)


def test_misfits():
    x = Tensor.zeros((2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        x.phi_residual(Tensor.zeros((3, 2)))
    with pytest.raises(ValueError, match="phi_symmetric"):
        x.phi_residual(x, "golden")
    with pytest.raises(ValueError, match="layer_norm"):
        x.phi_residual(x, activation="selu")
    with pytest.raises(ValueError, match="last of size 1"):
        Tensor.zeros((2, 0)).phi_residual(Tensor.zeros((2, 0)), activation="layer_norm")
    with pytest.raises(TypeError, match="float64"):
        x.phi_residual(Tensor.zeros((2, 3), dtype="float64"))
    with pytest.raises(TypeError, match="ResonantTensor"):
        _core.phi_residual([1.0], x)
