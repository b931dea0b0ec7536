"""The method table of a resonant tensor against NumPy in float64 and against Python's integers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic._core import PHI, Q_DEFICIT, GoldenExact, ResonantTensor

SHAPES = [(), (1,), (5,), (3, 7), (2, 0, 3), (2, 3, 4)]
DEEP = 10**6  # snaps to within 1e-6
REDUCTIONS = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "mean": np.mean, "var": np.var}
FUNCTIONS = {
    "abs": np.abs,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}
points = st.tuples(st.integers(-500, 500), st.integers(-500, 500))


def random(shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def both(shape, seed=0, **options):
    """A crystallized tensor, one in flux, and their common values."""
    t = ResonantTensor(random(shape, seed), **options)
    flux = t.clone()
    flux.wake_flux()
    return t, flux, values(t)


def values(t):
    return np.asarray(t.to_tensor("float64"))


def exact(pairs, shape=None, **options):
    return ResonantTensor.from_golden_exact(pairs, shape, **options)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, shape):
    t, flux, x = both(shape, precision=DEEP)
    want = FUNCTIONS[name](x)
    np.testing.assert_allclose(values(getattr(flux, name)()), want, rtol=1e-14, atol=1e-15)
    result = getattr(t, name)()
    assert (result.phase, result.precision, result.shape) == ("crystallized", DEEP, shape)
    np.testing.assert_allclose(values(result), want, atol=1e-6)
    coarse = getattr(flux, name)(precision=10)
    assert (coarse.phase, coarse.precision) == ("crystallized", 10)
    assert t.phase == "crystallized"


def test_functions_with_a_smaller_domain():
    _, flux, x = both((4, 3))
    positive = flux.abs()
    np.testing.assert_allclose(values(positive.log()), np.log(np.abs(x)), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(values(positive.sqrt()), np.sqrt(np.abs(x)), rtol=1e-15)
    np.testing.assert_allclose(values(positive.pow(0.7)), np.abs(x) ** 0.7, rtol=1e-14)
    np.testing.assert_allclose(values(flux.pow(3)), x**3, rtol=1e-14)
    for bad in [ResonantTensor([0.0]).log, ResonantTensor([-1.0]).log, ResonantTensor([-1.0]).sqrt]:
        with pytest.raises(ValueError, match="finite"):
            bad()


@given(st.lists(points, min_size=1, max_size=5))
def test_exact_functions(pairs):
    numbers = [GoldenExact.from_integers(a, b) for a, b in pairs]
    t = exact(pairs)
    assert t.to_lattice_list() == t.get_lattice() == numbers
    assert t.relu().get_lattice() == [max(x, GoldenExact.from_integers(0, 0)) for x in numbers]
    assert t.abs().get_lattice() == [abs(x) for x in numbers]
    assert t.pow(3).get_lattice() == [x**3 for x in numbers]
    assert t.sum().get_lattice() == [sum(numbers, GoldenExact.from_integers(0, 0))]
    assert t.prod().get_lattice() == [math.prod(numbers, start=GoldenExact.from_integers(1, 0))]
    assert t.max().get_lattice() == [max(numbers)]
    assert t.min().get_lattice() == [min(numbers)]
    assert t.negate().get_lattice() == [-x for x in numbers]
    assert t.one_minus().get_lattice() == [1 - x for x in numbers]


scalars = st.one_of(
    st.integers(-99, 99),
    st.fractions(-9, 9, max_denominator=8),
    st.sampled_from([0.5, -2.0, 0.25, 3.0]),
    st.builds(GoldenExact, st.integers(-9, 9), st.integers(1, 4), st.integers(-9, 9), st.integers(1, 4)),
)


@given(st.lists(points, min_size=1, max_size=5), scalars)
def test_scalars_are_exact(pairs, scalar):
    numbers = [GoldenExact.from_integers(a, b) for a, b in pairs]
    exactly = Fraction(scalar) if isinstance(scalar, float) else scalar
    t = exact(pairs, precision=77)
    for result, want in [
        (t * scalar, [x * exactly for x in numbers]),
        (scalar * t, [x * exactly for x in numbers]),
        (t.scalar_mul(scalar), [x * exactly for x in numbers]),
        (t + scalar, [x + exactly for x in numbers]),
        (t.scalar_add(scalar), [x + exactly for x in numbers]),
        (t - scalar, [x - exactly for x in numbers]),
        (scalar - t, [exactly - x for x in numbers]),
    ]:
        assert result.precision == 77
        integral = all(c[1] == 1 for x in want for c in (x.rational_coefficient, x.phi_coefficient))
        assert result.phase == ("crystallized" if integral else "flux")
        assert result.to_floats() == [float(x) for x in want]


def test_scalars_beyond_fractions():
    t = exact([(1, 1)])
    assert t.scalar_mul(1e-300).to_floats() == [pytest.approx((1 + PHI) * 1e-300, rel=1e-15)]
    for bad in [math.nan, math.inf]:
        with pytest.raises(ValueError, match="finite"):
            t * bad
    for bad in [None, "1", 1j, [1]]:
        with pytest.raises(TypeError):
            t * bad
        with pytest.raises(TypeError):
            t.scalar_mul(bad)
    with pytest.raises(OverflowError):
        t * 10**30


@pytest.mark.parametrize("shape", [(5,), (3, 7), (2, 3, 4)])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, keepdim, shape):
    t, flux, x = both(shape, precision=DEEP)
    for dim in [None, *range(-len(shape), len(shape))]:
        want = REDUCTIONS[name](x, axis=dim, keepdims=keepdim)
        result = getattr(flux, name)(dim, keepdim)
        assert (result.shape, result.phase) == (want.shape, "flux")
        np.testing.assert_allclose(values(result), want, rtol=1e-13, atol=1e-14)
        if name != "prod":
            result = getattr(t, name)(dim, keepdim)
            # A statistic stays a float.
            phase = "flux" if name in ("mean", "var") else "crystallized"
            assert (result.shape, result.phase, result.precision) == (want.shape, phase, DEEP)
            np.testing.assert_allclose(values(result), want, atol=1e-6)
    for p in [1, 2, 3.5, math.inf]:
        want = (np.abs(x) ** p).sum(-1) ** (1 / p) if p < math.inf else np.abs(x).max(-1)
        np.testing.assert_allclose(values(flux.norm(p, dim=-1)), want, rtol=1e-14)


def test_reductions_of_nothing_and_along_nothing():
    empty = ResonantTensor.zeros((2, 0, 3))
    assert empty.sum(1).to_list() == [[0.0] * 3] * 2
    assert empty.prod(1).to_list() == [[1.0] * 3] * 2
    assert empty.max(0).shape == (0, 3)
    for name in ["max", "min", "mean", "var"]:
        with pytest.raises(ValueError, match="at least one"):
            getattr(empty, name)(1)
        with pytest.raises(ValueError, match="dim"):
            getattr(empty, name)(3)
    assert ResonantTensor(2.0).sum().to_list() == 2.0
    with pytest.raises(ValueError, match="scalar"):
        ResonantTensor(2.0).sum(0)
    with pytest.raises(ValueError, match="p > 0"):
        empty.norm(-1)


@pytest.mark.parametrize("offset", [0, 1e8])
def test_variance_and_layer_norm_at_an_offset(offset):
    x = offset + np.random.default_rng(3).normal(size=(6, 50))
    flux = ResonantTensor.from_flux(x)
    centred = x - offset
    np.testing.assert_allclose(values(flux.var(1)), np.var(centred, axis=1), rtol=1e-6 if offset else 1e-14)
    for golden, target in [(True, 1 / PHI), (False, 1.0)]:
        want = (centred - centred.mean(1, keepdims=True)) / np.sqrt(centred.var(1, keepdims=True) + 1e-8)
        got = values(flux.layer_norm(golden_target=golden))
        np.testing.assert_allclose(got, want * np.sqrt(target), atol=1e-7 if offset else 1e-13)
        assert got.var(1) == pytest.approx(target, rel=1e-6)


def test_layer_norm_with_parameters():
    t, flux, x = both((4, 3), precision=DEEP)
    gamma, beta = [1.0, -2.0, 0.5], [0.1, 0.2, 0.3]
    want = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3) * gamma + beta
    got = flux.layer_norm(gamma, ResonantTensor.from_flux(beta), 1e-3, golden_target=False)
    np.testing.assert_allclose(values(got), want, rtol=1e-13)
    np.testing.assert_allclose(values(t.layer_norm(gamma, beta, 1e-3, False)), want, atol=1e-6)
    for bad in [{"gamma": [1.0]}, {"eps": -1.0}, {"eps": math.nan}]:
        with pytest.raises(ValueError, match="layer_norm"):
            t.layer_norm(**bad)


@pytest.mark.parametrize("dim", [-2, -1, 0, 1, 2])
def test_softmax(dim):
    t, flux, x = both((2, 3, 4))
    e = np.exp(x - x.max(dim, keepdims=True))
    for result in [t.softmax(dim), flux.softmax(dim)]:
        assert result.phase == "flux"
        np.testing.assert_allclose(values(result), e / e.sum(dim, keepdims=True), rtol=1e-14)
        np.testing.assert_allclose(values(result).sum(dim), 1, rtol=1e-15)
    assert t.softmax(dim, precision=32).precision == 32


def test_dropout_scales_exactly_and_repeats():
    t = exact([(3, 1)] * 4000)
    half = t.dropout(0.5, seed=1)
    kept = [p for p in half.lattice() if p != (0, 0)]
    assert set(kept) == {(6, 2)}
    assert 1850 < len(kept) < 2150
    assert half.lattice() == t.dropout(0.5, seed=1).lattice() != t.dropout(0.5, seed=1, step=1).lattice()
    third = t.dropout(1 / 3, seed=2)
    assert third.phase == "flux"
    assert {round(v / (3 + PHI), 12) for v in third.to_floats()} == {0.0, 1.5}
    for bad in [1.0, -0.1, math.nan]:
        with pytest.raises(ValueError, match="dropout"):
            t.dropout(bad, seed=0)


def test_pruning_snapping_and_dwelling():
    x = random(200)
    flux = ResonantTensor.from_flux(x)
    snapped = values(ResonantTensor(x))
    np.testing.assert_allclose(values_of(flux.snap_gradient()), snapped - x, atol=1e-13)
    assert flux.snap_distance() == pytest.approx(np.linalg.norm(snapped - x), rel=1e-9)
    assert flux.snap_distance([0.5], 1) == pytest.approx(PHI - 1.5, rel=1e-15)
    precision, error, passes = flux.dwell(1e-4, 10**6)
    assert flux.phase == "crystallized"
    assert flux.precision == precision > 100
    assert passes > 3
    assert error == pytest.approx(np.sqrt(np.mean((values(flux) - x) ** 2)), rel=1e-6)
    assert error <= 1e-4
    small = ResonantTensor.from_flux([Q_DEFICIT / 249, -Q_DEFICIT / 249, Q_DEFICIT / 247])
    before = small.syntony
    small.prune_hierarchy()
    assert small.to_floats() == [0, 0, Q_DEFICIT / 247]
    assert small.syntony != before
    with pytest.raises(ValueError, match="at least 0"):
        small.dwell(-1)


def values_of(tensor):
    return np.asarray(tensor)


def test_a_batch_of_cycles_is_many_cycles():
    start = random((4, 6))
    batch = ResonantTensor(start)
    syntonies = batch.batch_cpu_cycle(0.1, 50, seed=3)
    alone = ResonantTensor(start[0])
    assert alone.cpu_cycle(0.1, 50, seed=3) == syntonies[0]
    assert batch.lattice()[:6] == alone.lattice()
    assert len(syntonies) == 4
    with pytest.raises(ValueError, match="two axes"):
        alone.batch_cpu_cycle(seed=0)


def test_syntony_follows_every_change():
    t, _, _ = both((3, 4), precision=DEEP)
    weights = np.exp(-((3 * np.arange(4) / 4) ** 2) / PHI)

    def syntony(v):
        return (v**2 * weights).sum() / (v**2).sum()

    for result in [t.relu(), t.one_minus(), t * 3, t + 1, t.tanh(), t.add_bias(ResonantTensor([1.0, 0.0, 0.0, 0.0]))]:
        assert result.syntony == pytest.approx(syntony(values(result)), rel=1e-13)
    t.prune_hierarchy(100.0)
    assert t.syntony == pytest.approx(syntony(values(t)), rel=1e-13)


def test_views_of_the_state():
    t = exact([(1, 2), (3, 4)], mode_norms=[0, 7])
    assert t.device_idx() is None
    assert t.get_mode_norm_sq() == t.mode_norms == [0, 7]
    assert t.to_floats() == t.to_list()
    assert t.wake_flux_values() == t.to_floats()
    assert t.phase == "flux"
    with pytest.raises(ValueError, match="call crystallize"):
        t.get_lattice()
