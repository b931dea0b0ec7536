"""GoldenExact against pairs of `fractions.Fraction` and against sixty decimal digits."""

import copy
import decimal
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.core.golden import PHI, GoldenExact

Pair = tuple[Fraction, Fraction]
ZERO: Pair = (Fraction(0), Fraction(0))
ONE: Pair = (Fraction(1), Fraction(0))

decimal.getcontext().prec = 120
DECIMAL_PHI = (1 + Decimal(5).sqrt()) / 2

small = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)
large = st.builds(Fraction, st.integers(-(2**126), 2**126), st.integers(1, 2**126))
pairs = st.tuples(small, small)
tiny = st.fractions(min_value=-30, max_value=30, max_denominator=12)


def golden(pair: Pair) -> GoldenExact:
    a, b = pair
    return GoldenExact(a.numerator, a.denominator, b.numerator, b.denominator)


def fractions(number: GoldenExact) -> Pair:
    return Fraction(*number.rational_coefficient), Fraction(*number.phi_coefficient)


def times(x: Pair, y: Pair) -> Pair:
    (a, b), (c, d) = x, y
    return a * c + b * d, a * d + b * c + b * d


def real(pair: Pair) -> Decimal:
    a, b = (Decimal(part.numerator) / part.denominator for part in pair)
    return a + b * DECIMAL_PHI


@given(pairs, pairs)
def test_arithmetic_is_that_of_fractions(x: Pair, y: Pair) -> None:
    assert fractions(golden(x) + golden(y)) == (x[0] + y[0], x[1] + y[1])
    assert fractions(golden(x) - golden(y)) == (x[0] - y[0], x[1] - y[1])
    assert fractions(golden(x) * golden(y)) == times(x, y)
    assert fractions(-golden(x)) == (-x[0], -x[1])
    if y != ZERO:
        assert times(fractions(golden(x) / golden(y)), y) == x


@given(pairs, pairs, pairs)
def test_field_axioms(x: Pair, y: Pair, z: Pair) -> None:
    a, b, c = golden(x), golden(y), golden(z)
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a - a == 0
    if a:
        assert a / a == 1
        assert a * a.reciprocal() == 1


@given(pairs)
def test_conjugate_norm_and_trace(x: Pair) -> None:
    number = golden(x)
    conjugate = number.galois_conjugate()
    assert number * conjugate == Fraction(*number.field_norm())
    assert number + conjugate == Fraction(*number.field_trace())
    assert conjugate.galois_conjugate() == number
    assert number.is_purely_rational() == (x[1] == 0)
    assert number.is_purely_golden() == (x[0] == 0)


@given(st.tuples(tiny, tiny), st.integers(-4, 4))
def test_powers(x: Pair, n: int) -> None:
    number = golden(x)
    if not number and n < 0:
        with pytest.raises(ZeroDivisionError):
            number.power(n)
        return
    expected = ONE
    for _ in range(abs(n)):
        expected = times(expected, x)
    power = number**n
    assert power == number.power(n)
    assert fractions(power) == expected if n >= 0 else times(fractions(power), expected) == ONE


@pytest.mark.parametrize("n", range(-183, 184))
def test_powers_of_phi(n: int) -> None:
    assert real(fractions(GoldenExact.phi_to_power(n))) * DECIMAL_PHI**-n == pytest.approx(
        Decimal(1), abs=Decimal("1e-40")
    )
    if abs(n) <= 90:
        assert GoldenExact.phi_to_power(n) == GoldenExact.golden_ratio() ** n
        assert GoldenExact.phi_to_power(n) * GoldenExact.phi_to_power(-n) == 1


@given(st.one_of(pairs, st.tuples(large, large)), st.one_of(pairs, st.tuples(large, large)))
def test_order_is_that_of_the_real_numbers(x: Pair, y: Pair) -> None:
    a, b = golden(x), golden(y)
    difference = real((x[0] - y[0], x[1] - y[1]))
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert compare(a, b) == compare(difference, 0)
    assert abs(golden(x)) == max(golden(x), -golden(x))
    assert sorted([a, b, a]) == sorted([b, a, a])


@given(pairs)
def test_hash_follows_equality(x: Pair) -> None:
    assert hash(golden(x)) == hash(golden(x) + 0)
    assert {golden(x), golden(x) * 1} == {golden(x)}
    rational = GoldenExact(x[0].numerator, x[0].denominator, 0, 1)
    assert rational == x[0]
    assert hash(rational) == hash(x[0])


@given(st.one_of(pairs, st.tuples(large, large)))
def test_text_reads_back(x: Pair) -> None:
    number = golden(x)
    assert GoldenExact.parse(str(number)) == number
    assert eval(repr(number), {"GoldenExact": GoldenExact}) == number
    assert copy.deepcopy(number) == number


@given(st.one_of(pairs, st.tuples(large, large)))
def test_float_is_close_however_much_cancels(x: Pair) -> None:
    number, value = golden(x), real(x)
    assert float(number) == number.eval()
    assert math.isclose(float(number), value, rel_tol=1e-14)
    assert number.error_from(float(value)) == pytest.approx(0, abs=1e-14 * abs(float(value)) + 1e-300)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**62), 2**62), st.booleans())
def test_float_of_integers_is_within_two_units(a: int, b: int, cancel: bool) -> None:
    b >>= abs(a) % 60
    a = -round(b * DECIMAL_PHI) if cancel else a
    value = float(GoldenExact.from_integers(a, b))
    assert abs(Decimal(value) - (a + b * DECIMAL_PHI)) <= 2 * Decimal(math.ulp(value))


@given(pairs, st.integers(-1000, 1000), small)
@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul])
def test_integers_and_fractions_on_either_side(
    operate: Callable[[Any, Any], Any], x: Pair, integer: int, fraction: Fraction
) -> None:
    for other in (integer, fraction, True):
        exact = GoldenExact(other.numerator, other.denominator, 0, 1)
        assert operate(golden(x), other) == operate(golden(x), exact)
        assert operate(other, golden(x)) == operate(exact, golden(x))
        assert (other < golden(x)) == (exact < golden(x))
        assert (golden(x) == other) == (golden(x) == exact)
        if golden(x):
            assert other / golden(x) == exact / golden(x)


def test_named_numbers() -> None:
    phi, root = GoldenExact.golden_ratio(), GoldenExact.root_five()
    assert phi * phi == GoldenExact.golden_squared() == phi + 1
    assert phi * GoldenExact.coherence_parameter() == 1
    assert root * root == 5
    assert float(phi) == PHI
    assert fractions(GoldenExact.from_integers(2**70, -3)) == (Fraction(2**70), Fraction(-3))
    assert repr(GoldenExact(6, -4, 0, 7)) == "GoldenExact(-3, 2, 0, 1)"
    assert [str(GoldenExact(*c)) for c in ((0, 1, -1, 1), (1, 2, 2, 3), (0, 1, 0, 1))] == ["-phi", "1/2 + 2/3*phi", "0"]
