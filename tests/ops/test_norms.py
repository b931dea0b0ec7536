"""Layer, batch and golden norms beside NumPy in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic import _core
from syntonic._core import GoldenBatchNormConfig, GoldenBatchNormState, GoldenNormMode, ResonantTensor, Tensor
from syntonic.sn import functional as F

PHI = (1 + 5**0.5) / 2
DTYPES = ["float32", "float64"]


def norm(x, axes, eps=1e-5, variance=1.0):
    x = np.asarray(x, np.float64)
    return (x - x.mean(axes, keepdims=True)) * np.sqrt(variance / (x.var(axes, keepdims=True) + eps))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 15), min_size=2, max_size=4), st.integers(0, 999), st.floats(0, 1), st.floats(0.1, 3))
def test_against_numpy(dtype, dims, seed, eps, variance):
    x = np.random.default_rng(seed).standard_normal(dims).astype(dtype) * 2 + 1
    # Where a line is one element or has little spread, eps alone keeps the division sane.
    eps = eps + 1e-3
    bound = {"rtol": 1e-4, "atol": 2e-5} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-13}
    t = Tensor(x, dtype=dtype)
    np.testing.assert_allclose(F.layer_norm(t, eps, variance), norm(x, -1, eps, variance), **bound)
    axes = tuple(range(len(dims) - 1))
    np.testing.assert_allclose(F.batch_norm(t, eps, variance), norm(x, axes, eps, variance), **bound)
    if len(dims) == 4:
        got = _core.golden_batch_norm_2d_py(t, GoldenNormMode.custom(variance), eps)
        np.testing.assert_allclose(got, norm(x, (0, 2, 3), eps, variance), **bound)


@pytest.mark.parametrize(("dtype", "offset"), [("float64", 1e8), ("float32", 1e4)])
@pytest.mark.parametrize("count", [4, 1000, 70_001])
def test_a_large_offset_costs_no_digits(dtype, offset, count):
    x = (np.random.default_rng(0).standard_normal(count) * 1.3 + offset).astype(dtype)
    want = x.astype(np.float64).var()
    # With eps 0 and variance 1, a step of the output is a step of the input over the standard deviation.
    i, j = int(x.argmax()), int(x.argmin())
    for y in (
        Tensor(x, dtype=dtype).reshape((1, count)).layer_norm(0.0),
        Tensor(x, dtype=dtype).reshape((count, 1)).batch_norm(0.0),
        _core.golden_batch_norm_2d_py(Tensor(x, (1, 1, 1, count), dtype=dtype), "standard", 0.0),
        _core.golden_batch_norm_1d_py(Tensor(x, (count, 1), dtype=dtype), "standard", 0.0),
    ):
        y = np.asarray(y, np.float64).ravel()
        found = ((float(x[i]) - float(x[j])) / (y[i] - y[j])) ** 2
        assert found == pytest.approx(want, rel=1e-6)
        assert abs(y.mean()) < 1e-6


def test_variance_of_the_specification():
    """x = 1e8 + (0, 1, 2, 3): the variance is 1.25, where E[x^2] - E[x]^2 gives 2."""
    y = np.asarray(Tensor([[1e8, 1e8 + 1, 1e8 + 2, 1e8 + 3]], dtype="float64").layer_norm(0.0))
    np.testing.assert_allclose(y[0], np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25), rtol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_arrays_by_any_number_of_threads(dtype):
    x = np.random.default_rng(1).standard_normal((33, 17, 29, 31)).astype(dtype)
    t = Tensor(x, dtype=dtype)
    before, found = _core.threads(), set()
    for count in (1, 2, before):
        _core.set_threads(count)
        all_three = t.layer_norm(), t.batch_norm(), _core.golden_batch_norm_2d_py(t)
        found.add(b"".join(np.asarray(y).tobytes() for y in all_three))
    assert len(found) == 1
    bound = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-13}
    for y, axes, variance in zip(all_three, (-1, (0, 1, 2), (0, 2, 3)), (1, 1, 1 / PHI), strict=True):
        np.testing.assert_allclose(y, norm(x, axes, 1e-5, variance), **bound)


def test_constant_lines_and_what_is_not_finite():
    assert not np.asarray(Tensor.full((3, 5), 7.25).layer_norm()).any()
    got = np.asarray(Tensor([[1.0, float("nan")], [float("inf"), 1.0], [1.0, 2.0]]).layer_norm())
    assert np.isnan(got[:2]).all()
    assert np.isfinite(got[2]).all()
    got = np.asarray(Tensor([[1.0, float("nan")], [2.0, 1.0]]).batch_norm())
    assert np.isfinite(got[:, 0]).all()
    assert np.isnan(got[:, 1]).all()


def test_scale_and_shift():
    x = np.random.default_rng(2).standard_normal((6, 3, 4, 5))
    t, gamma, beta = Tensor(x, dtype="float64"), [1.0, -2.0, 0.5], [0.0, 3.0, -1.0]
    per_channel = (np.array(v).reshape(1, 3, 1, 1) for v in (gamma, beta))
    g, b = per_channel
    np.testing.assert_allclose(
        _core.golden_batch_norm_2d_py(t, gamma=gamma, beta=beta),
        norm(x, (0, 2, 3), variance=1 / PHI) * g + b,
        atol=1e-13,
    )
    rows = Tensor(x[:, :, 0, 0], dtype="float64")
    want = norm(x[:, :, 0, 0], -1, variance=1 / PHI) * gamma + beta
    np.testing.assert_allclose(_core.golden_layer_norm(rows, gamma=gamma, beta=beta), want, atol=1e-13)
    resonant = ResonantTensor([[1.0, 2.0, 4.0], [0.0, 1.0, -1.0]])
    np.testing.assert_allclose(_core.golden_layer_norm(resonant, "standard"), norm(resonant.to_list(), -1), atol=1e-13)


def test_running_statistics():
    rng, state = np.random.default_rng(5), GoldenBatchNormState(GoldenBatchNormConfig(3, momentum=0.25))
    mean, variance = np.zeros(3), np.full(3, 1 / PHI)
    for _ in range(4):
        x = rng.standard_normal((8, 3, 2)) * 2 + 5
        got = state.forward(Tensor(x, dtype="float64"))
        np.testing.assert_allclose(got, norm(x, (0, 2), variance=1 / PHI), atol=1e-13)
        mean += 0.25 * (x.mean((0, 2)) - mean)
        variance += 0.25 * (x.var((0, 2)) - variance)
    assert state.num_batches_tracked == 4
    np.testing.assert_allclose(state.running_mean(), mean, rtol=1e-12)
    np.testing.assert_allclose(state.running_var(), variance, rtol=1e-12)
    state.set_affine([1.0, 2.0, 3.0], [0.0, 0.5, 1.0])
    x = rng.standard_normal((2, 3))
    want = (x - mean) * np.sqrt(1 / PHI / (variance + 1e-5)) * [1, 2, 3] + [0, 0.5, 1]
    np.testing.assert_allclose(state.forward(Tensor(x, dtype="float64"), training=False), want, atol=1e-13)
    assert state.num_batches_tracked == 4


def test_without_running_statistics_evaluation_uses_the_batch():
    state = GoldenBatchNormState(GoldenBatchNormConfig(2, affine=False, track_running_stats=False, mode="standard"))
    x = np.random.default_rng(6).standard_normal((5, 2))
    np.testing.assert_allclose(state.forward(Tensor(x, dtype="float64"), training=False), norm(x, 0), atol=1e-13)
    assert (state.gamma(), state.beta(), state.num_batches_tracked) == ([], [], 0)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Tensor.zeros(()).layer_norm(), "axis"),
        (lambda: Tensor.zeros((2, 0)).layer_norm(), "size 1"),
        (lambda: Tensor.zeros((2, 2)).layer_norm(-1.0), "eps"),
        (lambda: Tensor.zeros((2, 2)).batch_norm(1e-5, 0.0), "variance"),
        (lambda: Tensor.zeros((2,)).batch_norm(), "two axes"),
        (lambda: Tensor.zeros((0, 2)).batch_norm(), "size 0"),
        (lambda: _core.golden_batch_norm_1d_py(Tensor.zeros((2, 2, 2))), "features"),
        (lambda: _core.golden_batch_norm_2d_py(Tensor.zeros((2, 2))), "height"),
        (lambda: _core.golden_batch_norm_1d_py(Tensor.zeros((2, 2)), gamma=[1.0]), "gamma"),
        (lambda: _core.golden_layer_norm(Tensor.zeros((2, 2)), beta=[1.0]), "beta"),
        (lambda: GoldenNormMode("silver"), "silver"),
        (lambda: GoldenNormMode.custom(-1.0), "variance"),
        (lambda: GoldenBatchNormConfig(0), "num_features"),
        (lambda: GoldenBatchNormConfig(2, momentum=2.0), "momentum"),
        (lambda: GoldenBatchNormState(GoldenBatchNormConfig(2)).forward(Tensor.zeros((4, 3))), "2, .."),
    ],
)
def test_misfits(call, text):
    with pytest.raises(ValueError, match=text):
        call()
