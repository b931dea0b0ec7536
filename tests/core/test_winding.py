"""Winding states, their enumeration, the golden measure and the golden recursion, against brute force."""

import itertools
import math
from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.classic.golden import PHI, GoldenMeasure, GoldenRecursionMap
from syntonic.core.winding import (
    WindingState,
    count_windings,
    count_windings_exact_norm,
    enumerate_windings,
    enumerate_windings_by_norm,
    enumerate_windings_exact_norm,
)

getcontext().prec = 80
DECIMAL_PHI = (1 + Decimal(5).sqrt()) / 2
integers = st.integers(-(10**25), 10**25)
states = st.builds(WindingState, integers, integers, integers, integers)


@given(states, states, st.integers(-99, 99))
def test_states_are_vectors(n, m, k):
    assert (n + m).to_tuple() == tuple(a + b for a, b in zip(n.n, m.n, strict=True))
    assert n - m == n + -m
    assert n * k == k * n == WindingState.from_tuple(k * a for a in n)
    assert n.inner_product(m) == sum(a * b for a, b in zip(n, m, strict=True))
    assert n.norm_squared == n.inner_product(n)
    assert n.norm == pytest.approx(math.hypot(*n.n), rel=1e-15)
    assert hash(WindingState(*n.n)) == hash(n)
    assert [n[i] for i in range(4)] == list(n)
    assert len(n) == 4
    assert n.max_component == max(abs(a) for a in n)


def test_the_vacuum_and_the_units():
    zero = WindingState.zero()
    assert zero.is_zero
    assert zero.is_vacuum
    assert (zero.generation, zero.golden_weight, str(zero)) == (0, 1.0, "|0,0,0,0>")
    assert [WindingState.unit(i).n.index(1) for i in range(4)] == [0, 1, 2, 3]
    assert str(WindingState(1, -2, 3, 4)) == "|1,-2,3,4>"
    assert WindingState(2).golden_weight == pytest.approx(0.08440438, abs=1e-8)


@given(st.integers(1, 10**30))
def test_generation_is_exact(largest):
    generation = WindingState(0, -largest).generation
    assert DECIMAL_PHI ** (generation - 1) <= largest < DECIMAL_PHI**generation


@pytest.mark.parametrize("bad", [1.0, "1", None, True, 2**0.5])
def test_components_are_integers(bad):
    with pytest.raises(TypeError):
        WindingState(bad)
    with pytest.raises(TypeError):
        WindingState(1) * bad
    with pytest.raises(TypeError):
        WindingState(1) + bad


def test_misuse():
    for bad in [-1, 4, 10**30]:
        with pytest.raises(ValueError, match="torus axis"):
            WindingState.unit(bad)
    for bad in [(), (1, 2, 3, 4, 5)]:
        with pytest.raises(ValueError, match="one to four"):
            WindingState.from_tuple(bad)
    for function in [enumerate_windings, enumerate_windings_by_norm, count_windings, count_windings_exact_norm]:
        with pytest.raises(ValueError, match="at least 0"):
            function(-1)
        with pytest.raises(TypeError, match="integer"):
            function(1.5)
    with pytest.raises(IndexError):
        WindingState(1)[4]


@pytest.mark.parametrize("radius", range(6))
def test_enumeration_is_the_ball(radius):
    reach = range(-radius, radius + 1)
    ball = [n for n in itertools.product(reach, repeat=4) if sum(a * a for a in n) <= radius**2]
    assert [state.to_tuple() for state in enumerate_windings(radius)] == ball
    assert count_windings(radius) == len(ball)
    shells = enumerate_windings_by_norm(radius**2)
    assert list(shells) == list(range(radius**2 + 1))
    assert {state for shell in shells.values() for state in shell} == set(map(WindingState.from_tuple, ball))
    assert all(state.norm_squared == square for square, shell in shells.items() for state in shell)


def test_counts():
    assert (count_windings(5), count_windings(10)) == (3121, 49689)
    for square in range(40):
        assert count_windings_exact_norm(square) == len(enumerate_windings_exact_norm(square))


def test_the_measure_is_the_sum_over_the_ball():
    measure = GoldenMeasure(max_norm=4)
    ball = enumerate_windings(4)
    weights = [math.exp(-n.norm_squared / PHI) for n in ball]
    z = math.fsum(weights)
    assert measure.partition_function() == pytest.approx(z, rel=1e-14)
    mean = math.fsum(w * n.norm_squared for w, n in zip(weights, ball, strict=True)) / z
    assert measure.expectation(lambda n: n.norm_squared) == pytest.approx(mean, rel=1e-14)
    square = math.fsum(w * n.norm_squared**2 for w, n in zip(weights, ball, strict=True)) / z
    assert measure.variance(lambda n: n.norm_squared) == pytest.approx(square - mean**2, rel=1e-12)
    assert measure.expectation(lambda n: n[0]) == pytest.approx(0, abs=1e-16)
    assert measure.theta_sum(math.inf) == pytest.approx(z, rel=1e-14)
    theta = math.fsum(math.exp(-n.norm_squared * (1 / PHI + math.pi / 2)) for n in ball)
    assert measure.theta_sum(2) == pytest.approx(theta, rel=1e-14)
    assert measure.effective_temperature == PHI / 2
    state = WindingState(3, -1)
    assert measure.weight(state) == pytest.approx(math.exp(measure.log_weight(state)), rel=1e-14)
    assert measure.log_weight(WindingState(10**6)) == -(10**12) / PHI


def test_the_partition_function_is_a_product_of_four_theta_functions():
    line = math.fsum(math.exp(-n * n / PHI) for n in range(-40, 41))
    assert GoldenMeasure().partition_function() == pytest.approx(line**4, rel=1e-14)


def test_variance_survives_a_huge_mean():
    measure = GoldenMeasure(max_norm=3)
    want = measure.variance(lambda n: n[0])
    assert measure.variance(lambda n: 1e8 + n[0]) == pytest.approx(want, rel=1e-7)


@pytest.mark.parametrize("bad", [0, -1, math.nan])
def test_theta_needs_a_positive_time(bad):
    with pytest.raises(ValueError, match="positive"):
        GoldenMeasure(1).theta_sum(bad)
    with pytest.raises(ValueError, match="at least 0"):
        GoldenMeasure(-1)


@given(integers)
def test_recursion_is_the_floor_of_phi_n(n):
    recursion = GoldenRecursionMap()
    image = recursion(WindingState(n))[0]
    assert Decimal(image) <= n * DECIMAL_PHI < Decimal(image) + 1
    assert recursion.inverse(WindingState(image)) == WindingState(n)
    # Of any state the inverse is the first whose image passes it.
    inverse = recursion.inverse(WindingState(n))
    assert recursion(inverse)[0] >= n > recursion(inverse - WindingState(1))[0]


def test_orbits():
    recursion = GoldenRecursionMap()
    start = WindingState(2, -3, 0, 7)
    orbit = recursion.orbit(start, 5)
    assert orbit[0] == start
    assert all(recursion(a) == b for a, b in itertools.pairwise(orbit))
    depth = recursion.orbit_depth(start)
    assert [recursion.orbit_depth(state) for state in orbit] == [depth + i for i in range(6)]
    assert recursion.orbit_depth(WindingState(1, 0, 1)) == 0
    assert recursion.mass_scaling(0) == math.exp(-1)
    assert recursion.mass_scaling(3) == math.exp(-(PHI**3))
    assert recursion.mass_scaling(10**6) == 0
    with pytest.raises(ValueError, match="at least 0"):
        recursion.orbit(start, -1)
