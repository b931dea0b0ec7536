"""Calls of the compiled core as the documents write them, beside NumPy and exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from syntonic import _core
from syntonic._core import (
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    GoldenNormMode,
    PhiResidualMode,
    ResonantTensor,
    SyntonicSoftmaxMode,
    SyntonicSoftmaxState,
    Tensor,
    golden_batch_norm_1d_py,
    golden_batch_norm_2d_py,
    phi_residual,
    phi_residual_relu,
    syntonic_softmax,
)

PHI = (1 + 5**0.5) / 2
RNG = np.random.default_rng(3)
MODES = {
    "phi": (PhiResidualMode.Phi, lambda i, r: i + r / PHI),
    "phi_symmetric": (PhiResidualMode.PhiSymmetric, lambda i, r: (i + r) / PHI),
    "standard": (PhiResidualMode.Standard, lambda i, r: i + r),
}


def share(x, norms):
    energy = np.asarray(x) ** 2
    return (energy * np.exp(-np.asarray(norms) / PHI)).sum() / energy.sum()


def exact(pair):
    """a + b phi with the golden ratio as a fraction that is right to 40 digits."""
    older, newer = 1, 1
    for _ in range(200):
        older, newer = newer, older + newer
    return pair[0] + pair[1] * Fraction(newer, older)


@pytest.mark.parametrize("name", MODES)
def test_phi_residual_of_resonant_tensors(name):
    member, formula = MODES[name]
    assert PhiResidualMode(name) == member
    identity, residual = (ResonantTensor(RNG.standard_normal((4, 5)), [4, 5]) for _ in range(2))
    i, r = (np.array(x.to_list()) for x in (identity, residual))
    for mode in (member, PhiResidualMode(name), name):
        plain, positive = phi_residual(identity, residual, mode), phi_residual_relu(identity, residual, mode)
        for found, want in ((plain, formula(i, r)), (positive, np.maximum(formula(i, r), 0))):
            assert type(found) is ResonantTensor
            assert (found.phase, found.shape) == ("crystallized", (4, 5))
            np.testing.assert_allclose(found.to_list(), want, atol=1e-12)
            np.testing.assert_allclose(found.to_floats(), want.ravel(), atol=1e-12)
            assert found.syntony == pytest.approx(share(want, (3 * np.arange(5) / 5) ** 2))
        # The sign of every point decides, not that of its float.
        for (a, b), (c, d) in zip(plain.lattice(), positive.lattice(), strict=True):
            assert (c, d) == ((a, b) if exact((a, b)) > 0 else (0, 0))


def test_the_seed_test_of_phi_residual():
    """identity 1, residual k: 1 + k / phi, exactly."""
    identity = ResonantTensor.ones([6], 100)
    residual = ResonantTensor([float(k) for k in range(6)])
    found = phi_residual(identity, residual, PhiResidualMode("phi"))
    np.testing.assert_allclose(found.to_floats(), [1 + k / PHI for k in range(6)], atol=1e-10)
    assert found.lattice() == [(1 - k, k) for k in range(6)]


def test_phi_residual_of_what_is_in_flux_keeps_norms_and_precision():
    x = ResonantTensor.from_flux([0.1, -0.2, 0.3], mode_norms=[0.0, 2.0, 4.0], precision=64)
    found = phi_residual_relu(x, ResonantTensor.from_flux([0.3, 0.3, -1.0]), PhiResidualMode.Standard)
    assert (type(found), found.phase, found.precision) == (ResonantTensor, "flux", 64)
    assert found.mode_norms == [0.0, 2.0, 4.0]
    np.testing.assert_allclose(found.to_floats(), [0.4, 0.1, 0.0], atol=1e-15)
    assert type(phi_residual_relu(Tensor([1.0]), Tensor([2.0]), PhiResidualMode.Phi)) is Tensor


@pytest.mark.parametrize(
    ("mode", "variance"),
    [(GoldenNormMode("golden"), 1 / PHI), (GoldenNormMode("standard"), 1.0), (GoldenNormMode.custom(0.5), 0.5)],
)
@pytest.mark.parametrize("rank", [2, 4])
def test_golden_batch_norm(mode, variance, rank):
    assert mode.variance == pytest.approx(variance)
    shape = (32, 3) if rank == 2 else (32, 3, 8, 8)
    norm = golden_batch_norm_1d_py if rank == 2 else golden_batch_norm_2d_py
    x = ResonantTensor.randn(shape, 100)
    values = np.array(x.to_list())
    axes = (0, *range(2, rank))
    mean, spread = values.mean(axes, keepdims=True), values.var(axes, keepdims=True)
    want = np.sqrt(variance) * (values - mean) / np.sqrt(spread + 1e-5)
    found = norm(x, mode)
    assert type(found) is ResonantTensor
    np.testing.assert_allclose(found.to_list(), want, atol=1e-12)
    assert np.abs(np.array(found.to_list()).var(axes) - variance).max() < 0.1
    gamma, beta = [1.0, -2.0, 0.5], [0.0, 3.0, -1.0]
    g, b = (np.array(v).reshape(1, 3, *(1,) * (rank - 2)) for v in (gamma, beta))
    for pair in ((gamma, beta), (ResonantTensor(gamma), ResonantTensor(beta))):
        scale, shift = (np.array(v.to_list() if isinstance(v, ResonantTensor) else v) for v in pair)
        g, b = (v.reshape(1, 3, *(1,) * (rank - 2)) for v in (scale, shift))
        for found in (norm(x, mode, 1e-5, *pair), norm(x, mode, eps=1e-5, gamma=pair[0], beta=pair[1])):
            np.testing.assert_allclose(found.to_list(), want * g + b, atol=1e-12)
    assert type(norm(Tensor(values, dtype="float64"), mode)) is Tensor
    np.testing.assert_allclose(norm(Tensor(values, dtype="float64"), mode), want, atol=1e-12)


def test_the_config_of_a_batch_norm_is_read_and_written():
    config = GoldenBatchNormConfig(3, 1e-5, 0.1, True, True)
    assert (config.num_features, config.eps, config.momentum) == (3, 1e-5, 0.1)
    assert (config.affine, config.track_running_stats) == (True, True)
    config.num_features, config.eps, config.momentum = 4, 1e-3, 0.5
    config.affine, config.track_running_stats, config.mode = False, False, "standard"
    assert (config.num_features, config.eps, config.momentum) == (4, 1e-3, 0.5)
    assert (config.affine, config.track_running_stats) == (False, False)
    assert config.mode == GoldenNormMode("standard")
    x = RNG.standard_normal((6, 4))
    want = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
    np.testing.assert_allclose(
        GoldenBatchNormState(config).forward(Tensor(x, dtype="float64"), False), want, atol=1e-13
    )
    for name, value in {"momentum": 2.0, "num_features": 0, "eps": -1.0}.items():
        with pytest.raises(ValueError, match=name):
            setattr(config, name, value)
    assert (config.momentum, config.num_features, config.eps) == (0.5, 4, 1e-3)


def test_the_state_of_a_batch_norm():
    config = GoldenBatchNormConfig(num_features=3, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True)
    state = GoldenBatchNormState(config)
    assert (state.gamma(), state.beta()) == ([1.0] * 3, [0.0] * 3)
    assert state.running_mean() == [0.0] * 3
    np.testing.assert_allclose(state.running_var(), [1 / PHI] * 3)
    x = ResonantTensor.randn([8, 3, 2, 2], 100, seed=4)
    values = np.array(x.to_list())
    # With its first statistics evaluation gives back what it is given, up to eps.
    np.testing.assert_allclose(state.forward(x, False).to_list(), values, rtol=1e-5)
    found = state.forward(x, True)
    mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
    want = (values - mean.reshape(1, 3, 1, 1)) * np.sqrt(1 / PHI / (variance + 1e-5)).reshape(1, 3, 1, 1)
    assert type(found) is ResonantTensor
    np.testing.assert_allclose(found.to_list(), want, atol=1e-12)
    np.testing.assert_allclose(state.running_mean(), 0.1 * mean, atol=1e-14)
    np.testing.assert_allclose(state.running_var(), 0.9 / PHI + 0.1 * variance, atol=1e-14)
    state.set_affine(ResonantTensor([2.0, 1.0, 1.0]), [0.0, 0.0, 1.0])
    assert (state.gamma(), state.beta()) == ([2.0, 1.0, 1.0], [0.0, 0.0, 1.0])


def softmax(x, bias=0.0, dim=-1):
    e = np.exp(x + bias - (x + bias).max(dim, keepdims=True))
    return e / e.sum(dim, keepdims=True)


def test_syntonic_softmax_by_position():
    x = ResonantTensor(RNG.standard_normal((3, 4)))
    values, norms = np.array(x.to_list()), [0.0, 1.0, 4.0, 9.0]
    for given in (norms, ResonantTensor(norms)):
        squares = np.array(given.to_list() if isinstance(given, ResonantTensor) else given)
        for found in (
            syntonic_softmax(x, -1, given, 2.0),
            syntonic_softmax(x, dim=-1, mode_norms=given, syntony_scale=2.0),
            syntonic_softmax(x, -1, SyntonicSoftmaxMode.Learned, given, None, 2.0),
        ):
            assert (type(found), found.phase) == (ResonantTensor, "flux")
            np.testing.assert_allclose(found.to_list(), softmax(values, -2 * squares / PHI), atol=1e-14)
            np.testing.assert_allclose(np.array(found.to_list()).sum(-1), 1, atol=1e-6)
    down = syntonic_softmax(x, 0, [0.0, 1.0, 4.0])
    np.testing.assert_allclose(down.to_list(), softmax(values, -np.array([[0], [1], [4]]) / PHI, 0), atol=1e-14)
    assert type(syntonic_softmax(Tensor(values), -1, norms, 1.0)) is Tensor
    np.testing.assert_allclose(syntonic_softmax(Tensor([1.0, 2.0, 3.0])), [0.0900, 0.2447, 0.6652], atol=5e-5)
    with pytest.raises(TypeError, match="syntony_scale=2"):
        syntonic_softmax(x, -1, "learned", 2.0)
    with pytest.raises(ValueError, match="twice"):
        syntonic_softmax(x, -1, norms, norms)


def test_the_state_of_a_syntonic_softmax_by_position():
    x = ResonantTensor(RNG.standard_normal((3, 4)))
    values, squares = np.array(x.to_list()), np.arange(4.0) ** 2
    assert SyntonicSoftmaxMode("learned") == SyntonicSoftmaxMode.Learned
    for mode in (SyntonicSoftmaxMode.Learned, SyntonicSoftmaxMode("learned"), "learned"):
        for state in (
            SyntonicSoftmaxState(-1, mode, 4, 1.5),
            SyntonicSoftmaxState(mode, -1, 4, 1.5),
            SyntonicSoftmaxState(dim=-1, mode=mode, num_features=4, syntony_scale=1.5),
            SyntonicSoftmaxState(-1, mode, num_features=4, syntony_scale=1.5),
        ):
            assert state.mode_norms() == list(squares)
            assert (state.dim, state.syntony_scale) == (-1, 1.5)
            found = state.forward(x)
            assert type(found) is ResonantTensor
            np.testing.assert_allclose(found.to_list(), softmax(values, -1.5 * squares / PHI), atol=1e-14)
    syntony = RNG.random((3, 4))
    provided = SyntonicSoftmaxState(-1, SyntonicSoftmaxMode.Provided, None, 1.0)
    given = ResonantTensor.from_flux(syntony)
    np.testing.assert_allclose(provided.forward(x, given).to_list(), softmax(values, np.log(syntony)), atol=1e-13)
    assert provided.mode_norms() is None
    identity = SyntonicSoftmaxState(0, SyntonicSoftmaxMode.Identity)
    np.testing.assert_allclose(identity.forward(x).to_list(), softmax(values, dim=0), atol=1e-14)
    with pytest.raises(TypeError, match="at most once"):
        SyntonicSoftmaxState(-1, "learned", 4, dim=0)
    with pytest.raises(TypeError, match="a dim, a SyntonicSoftmaxMode or its name, got float"):
        SyntonicSoftmaxState(0.5)


def test_resonant_tensors_are_made_with_a_precision_in_the_second_place():
    ones, zeros = ResonantTensor.ones([2, 3], 100), ResonantTensor.zeros((2, 3), 50)
    assert (ones.to_list(), ones.precision, ones.phase) == ([[1.0] * 3] * 2, 100, "crystallized")
    assert (zeros.to_list(), zeros.precision) == ([[0.0] * 3] * 2, 50)
    for made in (
        ResonantTensor.randn([40, 50], 100, "cpu"),
        ResonantTensor.randn([40, 50], precision=100, device="cpu"),
        ResonantTensor.randn([40, 50]),
    ):
        assert (made.precision, made.phase) == (100, "crystallized")
        assert made.lattice() == ResonantTensor.randn((40, 50), seed=0).lattice()
    values = np.array(ResonantTensor.randn([100, 200], 1000, mean=2.0, std=0.5).to_floats())
    assert abs(values.mean() - 2) < 4 * 0.5 / 20_000**0.5
    assert abs(values.std() - 0.5) < 4 * 0.5 / 40_000**0.5
    raw = np.array(ResonantTensor.randn([100, 200], 1000).to_floats())
    np.testing.assert_allclose(values, 2 + raw / 2, atol=2e-3)  # two snaps of precision 1000
    for call in (lambda: ResonantTensor.randn([2], std=-1.0), lambda: ResonantTensor.randn([2], mean=float("nan"))):
        with pytest.raises(ValueError, match="a finite std of at least 0"):
            call()


def test_a_device_that_is_not_there():
    fault = ValueError if _core.cuda_is_available() else _core.DeviceUnavailable
    for call in (
        lambda: ResonantTensor.randn([2], 100, "cuda:77"),
        lambda: ResonantTensor.ones([2], 100, "cuda:77"),
        lambda: ResonantTensor.zeros([2], 100, "cuda:77"),
        lambda: ResonantTensor.from_floats([1.0], [1], None, 100, "cuda:77"),
    ):
        with pytest.raises((fault, _core.DeviceUnavailable)):
            call()
    with pytest.raises(ValueError, match=r'"cuda:N", got "tpu"'):
        ResonantTensor.randn([2], 100, "tpu")
    with pytest.raises(TypeError, match="two whole numbers"):
        ResonantTensor.randn([2], 100, 200)


def test_from_floats():
    values = RNG.standard_normal(6)
    norms = [0.0, 1.0, 4.0]
    made = ResonantTensor.from_floats(list(values), [2, 3], norms, 64, "cpu")
    same = ResonantTensor(values, [2, 3], norms, 64)
    assert (made.lattice(), made.mode_norms, made.precision) == (same.lattice(), norms, 64)
    np.testing.assert_allclose(made.to_floats(), values, atol=0.7 / 64 * 2)
    assert made.syntony == pytest.approx(share(np.array(made.to_list()), norms))
    assert ResonantTensor.from_floats([1.0, 2.0]).shape == (2,)


def test_crystallize_from_values_returns_the_syntony():
    tensor = ResonantTensor([3.0, 1.0, 1.0], mode_norms="raw")
    norms = np.arange(3.0) ** 2
    before = share([3.0, 1.0, 1.0], norms)
    data = np.array([1.0, 2.0, -1.0])
    found = tensor.crystallize_from_values(list(data), 100)
    harmonized = data * (1 - before / PHI * (1 - np.exp(-norms / PHI)))
    np.testing.assert_allclose(tensor.to_floats(), harmonized, atol=0.0072)  # a snap of precision 100
    assert isinstance(found, float)
    assert found == pytest.approx(share(tensor.to_floats(), norms))


def test_numpy_reads_a_resonant_tensor():
    x = ResonantTensor([[1.0, 2.0], [3.0, -4.0]])
    assert np.asarray(x).dtype == np.float64
    np.testing.assert_array_equal(np.asarray(x), [[1, 2], [3, -4]])
    assert x.tolist() == x.to_list()
    assert np.asarray(ResonantTensor.zeros((0, 3))).shape == (0, 3)
