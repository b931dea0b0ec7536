"""Moves, choices, comparisons and batched products of resonant tensors, against NumPy."""

import math

import numpy as np
import pytest

from syntonic._core import ResonantTensor


def random(shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def both(shape):
    """A crystallized tensor, one in flux, and their common values."""
    t = ResonantTensor(random(shape))
    flux = t.clone()
    flux.wake_flux()
    return t, flux, values(t)


def values(t):
    return np.asarray(t.to_tensor("float64"))


def exact(pairs, shape):
    return ResonantTensor.from_golden_exact(pairs, shape)


def test_moves():
    t, flux, x = both((2, 3, 4))
    y = random((2, 5, 4), 1)
    for a, other in [(t, ResonantTensor(y)), (flux, ResonantTensor.from_flux(y))]:
        for result, want in [
            (a.reshape((4, 6)), x.reshape(4, 6)),
            (a.view((-1, 3)), x.reshape(-1, 3)),
            (a.reshape(24), x.ravel()),
            (a.transpose(0, -1), x.swapaxes(0, -1)),
            (a.permute([2, 0, 1]), x.transpose(2, 0, 1)),
            (a.index_select([1, 0, 1], -1), x[..., [1, 0, 1]]),
            (a.index_select(np.array([1])), x[[1]]),
            (ResonantTensor.concat([a, other], 1), np.concatenate([x, values(other)], 1)),
            (ResonantTensor.concat([a, a, a]), np.concatenate([x, x, x], -1)),
        ]:
            assert result.phase == a.phase
            np.testing.assert_array_equal(values(result), want)
    for bad in [lambda: t.reshape((5, -1)), lambda: t.permute([0, 1]), lambda: t.transpose(0, 3)]:
        with pytest.raises(ValueError, match="expected"):
            bad()
    for bad in [[2], [-1], [0.5], [math.nan]]:
        with pytest.raises(ValueError, match="expected"):
            t.index_select(bad)
    with pytest.raises(ValueError, match="shapes like"):
        ResonantTensor.concat([t, ResonantTensor(y)], 0)


def test_selection():
    t, _, x = both((3, 4))
    other = ResonantTensor(random((3, 4), 5))
    y = values(other)
    for name, relation in [("lt", np.less), ("le", np.less_equal), ("gt", np.greater), ("ge", np.greater_equal)]:
        np.testing.assert_array_equal(values(getattr(t, name)(other)), relation(x, y))
    assert values(t.eq(t)).all()
    assert not values(t.ne(t)).any()
    np.testing.assert_array_equal(values(t.masked_select(t.gt(other))), x[x > y])
    np.testing.assert_array_equal(values(t.masked_select(x > 0)), x[x > 0])
    index = np.random.default_rng(2).integers(0, 3, (2, 4))
    np.testing.assert_array_equal(values(t.gather(0, index)), np.take_along_axis(x, index, 0))
    unique = np.array([[2, 0], [1, 3], [3, 0]])
    want = x.copy()
    np.put_along_axis(want, unique, y[:, :2], 1)
    source = other.index_select([0, 1], 1)
    np.testing.assert_array_equal(values(t.scatter(1, unique, source)), want)
    for bad in [lambda: t.gather(0, [[5, 0, 0, 0]]), lambda: t.gather(2, index), lambda: t.masked_select([1, 0])]:
        with pytest.raises(ValueError, match="expected"):
            bad()
    with pytest.raises(ValueError, match="scatter"):
        t.scatter(1, unique, other)


def test_matmul_of_batches_and_bias():
    rng = np.random.default_rng(1)

    def integers(*shape):
        return [tuple(map(int, p)) for p in rng.integers(-9, 9, (math.prod(shape), 2))]

    x, w, bias = exact(integers(2, 3, 4), (2, 3, 4)), exact(integers(2, 5, 4), (2, 5, 4)), exact(integers(5), (5,))
    y = x.matmul(w)
    assert y.shape == (2, 3, 5)
    for i in range(2):
        alone = x.index_select([i]).reshape((3, 4)).matmul(w.index_select([i]).reshape((5, 4)))
        assert y.index_select([i]).lattice() == alone.lattice()
    biased = y.add_bias(bias)
    assert biased.phase == "crystallized"
    np.testing.assert_allclose(values(biased), values(y) + values(bias), rtol=1e-13)
    with pytest.raises(ValueError, match="equal batches"):
        x.index_select([0]).matmul(w)
    with pytest.raises(ValueError, match="add_bias"):
        y.add_bias(y)
