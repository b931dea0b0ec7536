"""The state against NumPy, and its operators against their formulas."""

import math

import numpy as np
import pytest

from syntonic._core import E_STAR, PHI, Q_DEFICIT
from syntonic.classic import state
from syntonic.classic.state import State

SHAPES = [(), (1,), (5,), (3, 4), (2, 3, 4)]


def random(shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def values(s):
    return np.asarray(s.tensor)


def modes(shape):
    d = shape[-1] if shape else 1
    return np.broadcast_to(np.arange(d) / d, shape) if shape else np.zeros(())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_arithmetic(shape, dtype):
    x, y = random(shape).astype(dtype), random(shape, 1).astype(dtype)
    s, t = State(x, dtype=dtype), State(y, dtype=dtype)
    rtol = 1e-6 if dtype == "float32" else 1e-14
    for got, want in [
        (s + t, x + y), (s - 2, x - 2), (s * t, x * y), (s / 4, x / 4), (1 - s, 1 - x), (2 / (t * t + 1), 2 / (y * y + 1)),  # noqa: E501
        (-s, -x), (3 * s + 1, 3 * x + 1), (s**2, x**2), (s.abs(), abs(x)), (s.exp(), np.exp(x)), (s.sin(), np.sin(x)),
        (s.cos(), np.cos(x)), (s.tanh(), np.tanh(x)), (s.relu(), np.maximum(x, 0)), (s.abs().sqrt(), np.sqrt(abs(x))),
        (s.abs().log(), np.log(abs(x))), (s.sigmoid(), 1 / (1 + np.exp(-x))), (s.exp_golden(), np.exp(-x / PHI)),
        (s.T, x.T), (s.sum(), x.sum()), (s.mean(), x.mean()), (s.max(), x.max()), (s.min(), x.min()),
    ]:  # fmt: skip
        assert (got.dtype, got.shape) == (dtype, np.shape(want))
        np.testing.assert_allclose(values(got), want, rtol=rtol * 10, atol=rtol * 10)
    assert s.norm() == pytest.approx(np.linalg.norm(x.ravel()), rel=rtol)
    assert (s.ndim, s.size, s.device) == (x.ndim, x.size, "cpu")


def test_axes_and_shapes():
    x = random((2, 1, 3))
    s = State(x)
    np.testing.assert_allclose(values(s.sum(-1)), x.sum(-1))
    assert s.squeeze().shape == (2, 3)
    assert [s.unsqueeze(i).shape for i in (0, 3, -1)] == [(1, 2, 1, 3), (2, 1, 3, 1), (2, 1, 3, 1)]
    assert s.flatten().shape == (6,)
    np.testing.assert_array_equal(values(s.reshape((3, 2))), x.reshape(3, 2))
    a, b = random((2, 3)), random((3, 4), 1)
    np.testing.assert_allclose(values(State(a) @ State(b)), a @ b, rtol=1e-13)
    np.testing.assert_array_equal(np.from_dlpack(s), x)
    assert s.to("float32").dtype == "float32"
    with pytest.raises(ValueError, match="axis"):
        s.unsqueeze(5)
    assert s.norm(math.inf) == np.abs(x).max()
    assert s.norm(1) == pytest.approx(np.abs(x).sum())


def test_normalisation():
    s = State(random((4, 6)))
    assert s.normalize().norm() == pytest.approx(1, rel=1e-15)
    assert values(s.layer_norm()).var(-1) == pytest.approx(1 / PHI, rel=1e-4)
    assert values(s.layer_norm(golden_target=False)).var(-1) == pytest.approx(1, rel=1e-4)
    for bad in [state.zeros(3), State([math.inf, 1.0])]:
        with pytest.raises(ValueError, match="norm"):
            bad.normalize()


def test_figures():
    x = random((3, 4))
    s, i = State(x), modes((3, 4))
    rho = x**2 / (x**2).sum()
    assert s.syntony == pytest.approx((rho * np.exp(-((3 * i) ** 2) / PHI)).sum(), rel=1e-13)
    assert s.free_energy == pytest.approx((rho * np.log(rho) + rho * i**2 / PHI).sum() / E_STAR, rel=1e-12)
    assert [State([0.0, v]).gnosis for v in (0.0, 0.2, 0.6, 3.0)] == [0, 1, 2, 3]
    assert state.zeros(3).syntony == state.zeros(3).free_energy == state.zeros(3).gnosis == 0


def test_differentiate_is_a_function_of_the_seed_and_keeps_the_energy():
    s = State(random((5, 8)))
    moved = s.differentiate(0.3, seed=4, step=1)
    assert moved.tolist() == s.differentiate(0.3, seed=4, step=1).tolist()
    assert moved.tolist() != s.differentiate(0.3, seed=4, step=2).tolist() != s.differentiate(0.3, seed=5).tolist()
    assert moved.norm() == pytest.approx(s.norm(), rel=1e-14)
    assert s.syntony == s.syntony
    # Mode 0 is scaled with the rest, and not stirred.
    ratio = values(moved)[:, 0] / values(s)[:, 0]
    assert ratio == pytest.approx(ratio[0], rel=1e-12)
    change = np.abs(values(moved) / ratio[0] - values(s))
    rho = values(s) ** 2 / s.norm() ** 2
    bound = 0.3 * -(rho * np.log(rho)).sum() / np.log(40) * s.norm() / np.sqrt(40) * modes((5, 8))
    assert (change <= bound + 1e-12).all()
    assert (change[:, 1:] > 0).all()
    alone = State([0.0, 2.0])  # no entropy: nothing to move
    assert alone.differentiate(seed=1).tolist() == [0.0, 2.0]
    for still in [state.zeros(4), State(3.0)]:
        assert still.differentiate(seed=1).tolist() == still.tolist()


def test_harmonize_goes_to_the_golden_distribution():
    x = random((3, 4))
    s = State(x)
    w = np.exp(-((3 * modes((3, 4))) ** 2) / PHI)
    target = np.sign(x) * np.sqrt((x**2).sum() * (1 - Q_DEFICIT) * w / w.sum())
    np.testing.assert_allclose(values(s.harmonize(1.0)), target, rtol=1e-12)
    np.testing.assert_allclose(values(s.harmonize(0.25)), 0.75 * x + 0.25 * target, rtol=1e-12)
    assert s.harmonize(1.0).syntony > s.syntony
    assert s.recurse(seed=3).tolist() == s.differentiate(seed=3).harmonize().tolist()
    assert state.zeros(4).harmonize().tolist() == [0.0] * 4
    assert 0 <= s.operator_syntony(seed=1) <= 1
    assert s.operator_syntony(seed=1) == s.operator_syntony(seed=1)


def test_factories():
    assert state.ones((2, 2)).tolist() == [[1, 1], [1, 1]]
    assert state.eye(2).tolist() == [[1, 0], [0, 1]]
    assert state.eye(0).shape == (0, 0)
    u, z = values(state.random(10_000, seed=1)), values(state.randn(10_000, seed=1))
    assert 0 < u.min() < u.max() < 1
    assert u.mean() == pytest.approx(0.5, abs=0.012)  # four standard deviations
    assert (z.mean(), z.var()) == (pytest.approx(0, abs=0.04), pytest.approx(1, abs=0.06))
    assert state.randn(5, seed=1).tolist() == state.randn(5, seed=1).tolist() != state.randn(5, seed=2).tolist()


def test_dropout():
    s = state.ones(1000)
    kept = values(s.dropout(0.5, seed=1))
    assert set(kept) == {0.0, 2.0}
    assert s.dropout(0.5, training=False, seed=1) is s


@pytest.mark.parametrize("bad", ["ab", [[1.0], [1.0, 2.0]], [1j, "a"], object()])
def test_other_data_are_refused(bad):
    with pytest.raises((TypeError, ValueError)):
        State(bad)
    with pytest.raises((TypeError, ValueError)):
        state.ones(3) + bad


def test_arrays_read_the_memory_of_a_state():
    for shape in [*SHAPES, (2, 0, 3)]:
        for dtype in ("float32", "float64"):
            s = State(random(shape), dtype=dtype)
            seen = np.asarray(s)
            assert (seen.shape, seen.dtype, seen.flags.writeable) == (shape, dtype, False)
            np.testing.assert_array_equal(seen, values(s))
    assert np.shares_memory(np.asarray(s), values(s)) or s.size == 0
    assert np.from_dlpack(State([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_a_real_state_as_a_complex_one():
    s = State(random((2, 3)))
    assert s.conj() is s.real is s.cpu() is s
    assert s.H.tolist() == s.T.tolist()
    assert s.imag.tolist() == [[0.0] * 3] * 2
    assert s.to_list() == s.tolist()


def test_ways_to_make_a_state():
    assert State(shape=(2,)).tolist() == [0.0, 0.0]
    assert State().tolist() == 0.0
    x = random((2, 3))
    assert state.from_numpy(x).tolist() == state.from_list(x.tolist()).tolist() == x.tolist()
    assert state.from_torch(x.astype("float32"), "float32").dtype == "float32"
    with pytest.raises(ValueError, match="cuda"):
        State([1.0], device="cuda:0")


def test_gamma_is_a_second_step():
    s = State([3.0, -1.0, 0.5, 2.0])
    once = s.harmonize(0.3)
    target = s.harmonize(1.0)
    want = values(once) + 0.2 * s.syntony * (values(target) - values(once))
    np.testing.assert_allclose(values(s.harmonize(0.3, gamma=0.2)), want, rtol=1e-14)


def test_parts_lengths_and_numbers_are_those_of_numpy():
    values = np.arange(12.0).reshape(3, 4) - 5
    x = State(values)
    for key in (0, -1, slice(1, None), (slice(None), 2), (1, slice(0, 4, 2)), (2, 3)):
        assert np.array_equal(np.asarray(x[key]), values[key])
    assert len(x) == 3
    assert [row.tolist() for row in x] == values.tolist()
    assert float(x.sum()) == values.sum()
    assert np.array_equal(np.asarray(abs(x)), np.abs(values))
    for shape in ((2, 6), ((4, 3),), (12,), ([1, 12],)):
        assert np.array_equal(np.asarray(x.reshape(*shape)), values.reshape(*shape))
    assert State([1.5], dtype="float32")[0].dtype == "float32"


def test_what_has_no_part_length_or_number_says_so():
    x = State([[1.0, 2.0]])
    with pytest.raises(IndexError, match="out of an axis"):
        _ = x[1]
    with pytest.raises(TypeError, match="no length"):
        len(x[0, 0])
    with pytest.raises(ValueError, match="item"):
        float(x)
    with pytest.raises(ValueError, match=r"2 elements for \(1, 2\), got \(3, 3\)"):
        x.reshape(3, 3)
