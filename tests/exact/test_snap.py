"""Snap and the nearest numbers, from Python."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.classic.golden import MAX_PRECISION, PHI, GoldenExact

ROOT = Fraction(math.isqrt(5 << 400), 1 << 200)


def distance(x: float, a: int, b: int) -> Fraction:
    return abs(Fraction(x) - a - b * (1 + ROOT) / 2)


def coefficients(number: GoldenExact) -> tuple[int, int]:
    (a, one), (b, also_one) = number.rational_coefficient, number.phi_coefficient
    assert one == also_one == 1
    return a, b


@given(st.floats(-60, 60), st.integers(1, 12))
def test_nearest_beats_every_other_point(x: float, bound: int) -> None:
    a, b = coefficients(GoldenExact.nearest(x, bound))
    steps = range(-bound, bound + 1)
    assert abs(a) <= bound
    assert abs(b) <= bound
    assert distance(x, a, b) == min(distance(x, c, d) for c in steps for d in steps)
    assert GoldenExact.nearest(-x, bound) == -GoldenExact.nearest(x, bound)


@given(st.lists(st.floats(-300, 300), max_size=20), st.sampled_from([1, 10, 100, 10**6, MAX_PRECISION]))
def test_snap_returns_points_and_what_they_leave(xs: list[float], bound: int) -> None:
    points, residuals = GoldenExact.snap(xs, bound)
    assert points == [GoldenExact.nearest(x, bound) for x in xs]
    for x, point, residual in zip(xs, points, residuals, strict=True):
        assert abs(residual) == point.error_from(x)
        a, b = coefficients(point)
        # What the arithmetic promises, relative to the numbers that cancel: for large ones more than the last places.
        rounding = math.ldexp(abs(x) + abs(a) + abs(b), -98)
        assert math.isclose(abs(residual), distance(x, a, b), rel_tol=1e-12, abs_tol=rounding)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_snap_of_a_point_is_the_point(a: int, b: int) -> None:
    point = GoldenExact.from_integers(a, b)
    assert GoldenExact.nearest(float(point), 10**6) == point


@pytest.mark.parametrize("x", [300.0, 1e300])
def test_snap_saturates(x: float) -> None:
    assert GoldenExact.nearest(x, 100) == GoldenExact.from_integers(100, 100)
    assert GoldenExact.nearest(-x, 100) == GoldenExact.from_integers(-100, -100)
    assert float(GoldenExact.nearest(x, 100)) == 100 * (1 + PHI)


@given(st.floats(-1e6, 1e6), st.integers(1, 10**12))
def test_nearest_rational_is_limit_denominator(x: float, limit: int) -> None:
    number, expected = GoldenExact.nearest_rational(x, limit), Fraction(x).limit_denominator(limit)
    ours = Fraction(*number.rational_coefficient)
    assert number == ours
    # Two may be equally near: -1/2 lies between -1 and 0.
    assert ours == expected or abs(ours - Fraction(x)) == abs(expected - Fraction(x))
    assert ours.denominator <= limit


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_only_finite_numbers_are_snapped(x: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        GoldenExact.nearest(x, 100)
    with pytest.raises(ValueError, match="finite"):
        GoldenExact.nearest_rational(x, 100)
    with pytest.raises(ValueError, match="finite"):
        GoldenExact.snap([0.5, x], 100)


@pytest.mark.parametrize("bound", [0, -1, MAX_PRECISION + 1])
def test_the_bound_is_checked(bound: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to {MAX_PRECISION}, got {bound}"):
        GoldenExact.nearest(0.5, bound)
    with pytest.raises(ValueError, match="from 1"):
        GoldenExact.snap([], bound)
