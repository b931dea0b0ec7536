"""Calls of the compiled core as the documents show them, against NumPy in binary64."""

import numpy as np
import pytest

from syntonic import _core
from syntonic._core import PHI, GoldenNormMode, PhiResidualMode, ResonantTensor, SyntonicSoftmaxMode, Tensor


@pytest.mark.parametrize(
    ("name", "mode", "joined"),
    [
        ("phi", PhiResidualMode.Phi, lambda x, r: x + r / PHI),
        ("phi_symmetric", PhiResidualMode.PhiSymmetric, lambda x, r: (x + r) / PHI),
        ("standard", PhiResidualMode.Standard, lambda x, r: x + r),
    ],
)
def test_modes_of_the_residual_are_members_of_their_class(name, mode, joined):
    assert mode == PhiResidualMode(name)
    x, r = [1.0, -2.0, 3.0], [0.0, 4.0, -5.0]
    y = _core.phi_residual(ResonantTensor(x), ResonantTensor(r), mode)
    want = joined(np.array(x), np.array(r))
    assert y.to_floats() == y.to_list() == pytest.approx(want, rel=1e-15, abs=1e-15)
    weights = np.exp(-((3 * np.arange(3) / 3) ** 2) / PHI)
    assert y.syntony == pytest.approx((want**2 * weights).sum() / (want**2).sum(), rel=1e-14)


def test_modes_of_the_softmax_are_members_of_their_class():
    given = {"learned": SyntonicSoftmaxMode.Learned, "provided": SyntonicSoftmaxMode.Provided}
    given["identity"] = SyntonicSoftmaxMode.Identity
    assert all(mode == SyntonicSoftmaxMode(name) for name, mode in given.items())
    x, norms = np.array([[0.5, -1.0, 2.0]]), [0.0, 1.0, 4.0]
    y = _core.syntonic_softmax(Tensor(x.tolist(), dtype="float64"), -1, SyntonicSoftmaxMode.Learned, norms)
    want = np.exp(x - np.array(norms) / PHI)
    assert np.allclose(np.asarray(y), want / want.sum(), rtol=1e-15)


@pytest.mark.parametrize("wrap", [list, ResonantTensor], ids=["list", "ResonantTensor"])
def test_scale_and_shift_of_a_golden_norm_are_a_list_or_a_resonant_tensor(wrap):
    gamma, beta = [2.0, 1.0, -3.0], [0.0, 5.0, 1.0]
    x = np.random.default_rng(3).standard_normal((5, 3))
    give = Tensor(x.tolist(), dtype="float64")

    def norm(x, axis):
        centred = x - x.mean(axis, keepdims=True)
        return centred * np.sqrt(0.5 / (centred.var(axis, keepdims=True) + 1e-5)) * gamma + beta

    mode = GoldenNormMode.custom(0.5)
    columns = _core.golden_batch_norm_1d_py(give, mode, eps=1e-5, gamma=wrap(gamma), beta=wrap(beta))
    rows = _core.golden_layer_norm(give, mode, 1e-5, wrap(gamma), wrap(beta))
    image = Tensor(x.tolist(), (5, 3, 1, 1), "float64")
    images = _core.golden_batch_norm_2d_py(image, mode, 1e-5, wrap(gamma), wrap(beta))
    assert np.allclose(np.asarray(columns), norm(x, 0), rtol=1e-13)
    assert np.allclose(np.asarray(rows), norm(x, 1), rtol=1e-13)
    assert np.allclose(np.asarray(images)[:, :, 0, 0], norm(x, 0), rtol=1e-13)


def test_the_precision_may_follow_the_shape():
    for made in (ResonantTensor.zeros((2, 3), 40), ResonantTensor.ones((2, 3), 40)):
        assert (made.shape, made.precision) == ((2, 3), 40)
        assert made.mode_norms == ResonantTensor.zeros((2, 3)).mode_norms
    drawn = ResonantTensor.randn((2, 3), 40, seed=1)
    assert drawn.lattice() == ResonantTensor.randn((2, 3), precision=40, seed=1).lattice()
    with pytest.raises(TypeError, match="precision=40"):
        ResonantTensor([1.0], (1,), 40)


def test_crystallizing_values_tells_the_new_syntony():
    x = ResonantTensor([1.0, 0.5, -0.25])
    assert x.crystallize_from_values([0.3, 2.0, -1.0]) == x.syntony
    assert x.phase == "crystallized"
