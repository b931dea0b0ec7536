"""GoldenExact against pairs of `fractions.Fraction` and against 1,500 decimal digits, at every size."""

import copy
import decimal
import operator
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic.classic.golden import PHI, GoldenExact

Pair = tuple[Fraction, Fraction]
ZERO: Pair = (Fraction(0), Fraction(0))
ONE: Pair = (Fraction(1), Fraction(0))

DIGITS = decimal.Context(prec=1500, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
with decimal.localcontext(DIGITS):
    DECIMAL_PHI = (1 + Decimal(5).sqrt()) / 2

small = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)
large = st.builds(Fraction, st.integers(-(2**126), 2**126), st.integers(1, 2**126))
pairs = st.tuples(small, small)
# Integers around the bounds of 64 and 128 bits, and far beyond them.
bounds = st.builds(
    lambda bits, near, sign: sign * (2**bits + near),
    st.sampled_from([62, 63, 64, 126, 127, 128, 700]),
    st.integers(-2, 2),
    st.sampled_from([-1, 1]),
)
integers = st.one_of(st.integers(-9, 9), bounds, st.integers(-(2**300), 2**300))
huge = st.builds(lambda n, d: Fraction(n, d or 1), integers, integers)
every = st.one_of(pairs, st.tuples(large, large), st.tuples(huge, huge))
tiny = st.fractions(min_value=-30, max_value=30, max_denominator=12)


@pytest.fixture(scope="module", autouse=True)
def many_digits() -> Iterator[None]:
    """The context belongs to the thread: another module may have chosen another."""
    with decimal.localcontext(DIGITS):
        yield


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


@given(every, every)
def test_arithmetic_is_that_of_fractions(x: Pair, y: Pair) -> None:
    assert fractions(golden(x) + golden(y)) == (x[0] + y[0], x[1] + y[1])
    assert fractions(golden(x) - golden(y)) == (x[0] - y[0], x[1] - y[1])
    assert fractions(golden(x) * golden(y)) == times(x, y)
    assert fractions(-golden(x)) == (-x[0], -x[1])
    if y != ZERO:
        assert times(fractions(golden(x) / golden(y)), y) == x


@given(every, every, every)
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


@given(every)
def test_conjugate_norm_and_trace(x: Pair) -> None:
    number = golden(x)
    conjugate = number.galois_conjugate()
    a, b = x
    assert number * conjugate == Fraction(*number.field_norm()) == a * a + a * b - b * b
    assert number + conjugate == Fraction(*number.field_trace()) == 2 * a + b
    assert conjugate.galois_conjugate() == number
    assert number.is_purely_rational() == (x[1] == 0)
    assert number.is_purely_golden() == (x[0] == 0)


@given(st.tuples(tiny, tiny), st.integers(-40, 40))
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


@pytest.mark.parametrize("n", [*range(-200, 201), 1470, -1480, 2000, -2000])
def test_powers_of_phi(n: int) -> None:
    power = GoldenExact.phi_to_power(n)
    assert power == GoldenExact.golden_ratio() ** n
    assert power * GoldenExact.phi_to_power(-n) == 1
    assert abs(real(fractions(power)) * DECIMAL_PHI**-n - 1) < Decimal("1e-500")
    if n <= 1474:
        assert float(power) == float(DECIMAL_PHI**n)


@given(every, every)
def test_order_is_that_of_the_real_numbers(x: Pair, y: Pair) -> None:
    a, b = golden(x), golden(y)
    difference = real((x[0] - y[0], x[1] - y[1]))
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert compare(a, b) == compare(difference, 0)
    assert abs(golden(x)) == max(golden(x), -golden(x))
    assert sorted([a, b, a]) == sorted([b, a, a])


@given(every)
def test_hash_follows_equality(x: Pair) -> None:
    # By way of a number of another size, so that what had to grow has to shrink again.
    assert hash(golden(x)) == hash(golden(x) * 2**200 - golden(x) * (2**200 - 1))
    assert {golden(x), golden(x) / 2**200 * 2**200} == {golden(x)}
    rational = GoldenExact(x[0].numerator, x[0].denominator, 0, 1)
    assert rational == x[0]
    assert hash(rational) == hash(x[0])


@given(every)
def test_text_reads_back(x: Pair) -> None:
    number = golden(x)
    assert GoldenExact.parse(str(number)) == number
    assert eval(repr(number), {"GoldenExact": GoldenExact}) == number
    assert copy.deepcopy(number) == number


@given(every)
def test_float_is_the_nearest_however_much_cancels(x: Pair) -> None:
    number = golden(x)
    nearest = float(real(x)) if x[1] else x[0].numerator / x[0].denominator
    assert float(number) == number.eval() == nearest
    assert number.error_from(nearest) == pytest.approx(float(abs(real(x) - Decimal(nearest))), rel=1e-12)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**62), 2**62), st.booleans())
def test_float_of_integers_is_the_nearest(a: int, b: int, cancel: bool) -> None:
    b >>= abs(a) % 60
    a = -round(b * DECIMAL_PHI) if cancel else a
    assert float(GoldenExact.from_integers(a, b)) == float(a + b * DECIMAL_PHI)


@given(st.integers(-(2**2000), 2**2000), st.integers(1, 2**2000), st.integers(-1100, 1100))
def test_float_of_a_fraction_is_that_of_python(n: int, d: int, twos: int) -> None:
    fraction = Fraction(n, d) * Fraction(2) ** twos
    number = GoldenExact(fraction.numerator, fraction.denominator, 0, 1)
    try:
        assert float(number) == float(fraction)
    except OverflowError:
        with pytest.raises(OverflowError):
            float(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_as_they_are(x: float) -> None:
    number = GoldenExact.golden_ratio() + Fraction(x)
    assert number - GoldenExact.golden_ratio() == Fraction(x)
    assert float(number - GoldenExact.golden_ratio()) == x
    assert GoldenExact.nearest_rational(x, 2**62) == Fraction(x).limit_denominator(2**62)


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
    assert fractions(GoldenExact.from_integers(-(10**4000), 10**99)) == (Fraction(-(10**4000)), Fraction(10**99))
    assert repr(GoldenExact(6, -4, 0, 7)) == "GoldenExact(-3, 2, 0, 1)"
    assert [str(GoldenExact(*c)) for c in ((0, 1, -1, 1), (1, 2, 2, 3), (0, 1, 0, 1))] == ["-phi", "1/2 + 2/3*phi", "0"]
