"""The documented flat names against NumPy and against what they must refuse."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from syntonic import _core
from syntonic._core import PHI, S_STAR

floats = st.floats(-50, 50)
lists = st.lists(floats, min_size=1, max_size=12)


@given(st.lists(st.tuples(floats, st.floats(0, 20)), min_size=1, max_size=20))
def test_winding_syntony(pairs):
    x, norms = np.array(pairs).T
    energy = (x**2).sum()
    want = (x**2 * np.exp(-norms / PHI)).sum() / energy if energy > 1e-290 else None
    got = _core.py_compute_winding_syntony(x.tolist(), norms.tolist())
    assert 0 <= got <= 1 + 1e-15
    if want is not None:
        assert got == pytest.approx(want, rel=1e-12)
    rows = _core.py_batch_winding_syntony([*x, *(2 * x)], 2, len(x), norms.tolist())
    assert rows == pytest.approx([got, got], rel=1e-12, abs=1e-300)


def test_syntony_edges():
    assert _core.py_compute_winding_syntony([], []) == 0
    assert _core.py_compute_winding_syntony([0, 0], [0, 1]) == 0
    assert _core.py_compute_winding_syntony([1e-200], [0]) == 1
    assert _core.py_standard_mode_norms(4) == [0, 1, 4, 9]
    for call in [
        lambda: _core.py_compute_winding_syntony([1, 2], [0]),
        lambda: _core.py_batch_winding_syntony([1, 2], 2, 2, [0, 1]),
        lambda: _core.py_batch_winding_syntony([1, 2], 1, 2, [0]),
    ]:
        with pytest.raises(ValueError, match="expected"):
            call()


def test_aggregates():
    s = [0.2, 0.9, 0.4]
    assert _core.py_aggregate_syntony(s) == pytest.approx(np.mean(s))
    assert _core.py_aggregate_syntony(s, "min") == 0.2
    assert _core.py_aggregate_syntony(s * 500, "geometric") == pytest.approx(np.exp(np.mean(np.log(s))))
    assert [_core.py_aggregate_syntony([], method) for method in ["mean", "min", "geometric"]] == [0.5] * 3
    with pytest.raises(ValueError, match="mean, min or geometric"):
        _core.py_aggregate_syntony(s, "max")


@given(lists)
def test_losses_of_lists(x):
    x = np.array(x)
    t = np.roll(x, 1)
    assert _core.py_mse_loss(x.tolist(), t.tolist()) == pytest.approx(np.mean((x - t) ** 2), rel=1e-12)
    p = np.exp(x - x.max())
    np.testing.assert_allclose(_core.py_softmax(x.tolist()), p / p.sum(), rtol=1e-12)
    target = np.abs(t) / max(np.abs(t).sum(), 1e-9)
    want = (target * (np.log(p.sum()) + x.max() - x)).sum()
    got = _core.py_cross_entropy_loss(x.tolist(), target.tolist())
    assert got == pytest.approx(want, rel=1e-11, abs=1e-12)
    both = _core.py_batch_cross_entropy_loss([*x, *x], [*target, *target], 2, len(x))
    assert both == pytest.approx(got, rel=1e-15, abs=1e-300)


def test_losses_of_numbers():
    for loss, more in [("mse", ()), ("cross_entropy", ()), ("batch_cross_entropy", (0, 3))]:
        nothing = getattr(_core, f"py_{loss}_loss")([], [], *more)
        assert math.copysign(1, nothing) == 1
        assert nothing == 0
    assert _core.py_softmax([]) == []
    assert _core.py_cross_entropy_loss([1000.0, 0.0], [0.0, 1.0]) == 1000
    assert _core.py_syntony_loss(0.75, 2) == 0.5
    assert _core.py_syntony_loss_srt(0.5, 2) == pytest.approx(2 * (0.5 - 1 / PHI) ** 2)
    assert _core.py_syntonic_loss(1.0, 0.75, 3.0, 2.0, 0.5) == (3.0, 1.0, 0.5, 1.5)
    assert _core.py_phase_alignment_loss([1, -1]) == 0
    assert _core.py_phase_alignment_loss([1, 1, 1, 1], 0.0, 3) == pytest.approx(3 * (math.pi / 4) ** 2)
    assert _core.py_phase_alignment_loss([]) == 0
    assert _core.py_estimate_syntony_from_probs([0.25] * 4) == pytest.approx(0, abs=1e-15)
    assert _core.py_estimate_syntony_from_probs([1.0]) == 0.5
    assert _core.py_golden_decay_loss([1, 2, 3], 0.5) == pytest.approx(0.5 * (1 + 2 / PHI + 3 / PHI**2))
    for call in [
        lambda: _core.py_mse_loss([1, 2], [1]),
        lambda: _core.py_cross_entropy_loss([1], [1, 2]),
        lambda: _core.py_batch_cross_entropy_loss([1, 2], [1, 0], 2, 2),
        lambda: _core.py_syntony_loss_srt(0.5, 1, S_STAR),
        lambda: _core.py_estimate_syntony_from_probs([0.9, 0.9]),
        lambda: _core.py_estimate_syntony_from_probs([-0.5, 1.5]),
        lambda: _core.py_phase_alignment_loss([math.nan]),
    ]:
        with pytest.raises(ValueError, match="expected"):
            call()


@given(stnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=4))
def test_broadcasting_is_that_of_numpy(shapes):
    (a_shape, b_shape), shape = shapes.input_shapes, shapes.result_shape
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=a_shape), rng.normal(size=b_shape)
    assert _core.py_broadcast_shape(a_shape, b_shape) == list(shape)
    assert _core.py_are_broadcastable(a_shape, b_shape)
    for name, ufunc in [("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("div", np.divide)]:
        arguments = np.ravel(a).tolist(), a_shape, np.ravel(b).tolist(), b_shape
        data, got = getattr(_core, f"py_broadcast_{name}")(*arguments)
        assert tuple(got) == shape
        np.testing.assert_array_equal(np.reshape(data, got), ufunc(a, b))


def test_shapes_that_do_not_broadcast():
    assert _core.py_broadcast_shape([2], [3]) is None
    assert not _core.py_are_broadcastable([0], [2])
    assert _core.py_broadcast_add([1, 2], [2], [1, 2, 3], [3]) is None
    assert _core.py_broadcast_div([1.0, 0.0], [2], [0.0], [])[0][0] == math.inf
    for call in [
        lambda: _core.py_broadcast_add([1], [2], [1], [1]),
        lambda: _core.py_broadcast_mul([], [0, 2**62, 2**62], [1], [1]),
        lambda: _core.py_linear_index([1], [1, 2]),
    ]:
        with pytest.raises(ValueError, match="expected"):
            call()
    assert _core.py_linear_index([1, 2, 3], [12, 4, 1]) == 23


@given(lists, floats)
def test_new_lists(x, s):
    x = np.array(x)
    for name, want in [("add", x + s), ("sub", x - s), ("mul", x * s)]:
        assert getattr(_core, f"py_inplace_{name}_scalar")(x.tolist(), s) == want.tolist()
    if abs(s) > 1e-9:
        assert _core.py_inplace_div_scalar(x.tolist(), s) == (x / s).tolist()
    assert _core.py_inplace_negate(x.tolist()) == (-x).tolist()
    assert _core.py_inplace_abs(x.tolist()) == np.abs(x).tolist()
    assert _core.py_inplace_clamp(x.tolist(), -1, 2) == np.clip(x, -1, 2).tolist()
    np.testing.assert_allclose(_core.py_inplace_golden_weight(x.tolist()), np.exp(-x / PHI), rtol=1e-14)


def test_bounds_and_divisors():
    with pytest.raises(ZeroDivisionError):
        _core.py_inplace_div_scalar([1.0], 0.0)
    for low, high in [(1, 0), (math.nan, 1), (0, math.nan)]:
        with pytest.raises(ValueError, match="min <= max"):
            _core.py_inplace_clamp([1.0], low, high)
    with pytest.raises(ValueError, match="above 0"):
        _core.py_inplace_golden_weight([1.0], 0.0)
