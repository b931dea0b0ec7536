"""Floor, ceil, round, division with a rest, and formats of exact numbers, against fractions and bounds of sqrt 5."""

import decimal
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic._core import GoldenExact, lucas

BITS = 6000
ROOT = math.isqrt(5 << (2 * BITS))

parts = st.builds(
    lambda n, d: Fraction(n, d), st.one_of(st.integers(-50, 50), st.integers(-(2**200), 2**200)), st.integers(1, 2**70)
)
pairs = st.one_of(st.tuples(parts, parts), st.tuples(parts, st.just(Fraction(0))))


def golden(pair: tuple[Fraction, Fraction]) -> GoldenExact:
    (a, b) = pair
    return GoldenExact(a.numerator, a.denominator, b.numerator, b.denominator)


def bounds(x: GoldenExact) -> tuple[Fraction, Fraction]:
    """Two fractions that x lies between, far nearer to each other than any two numbers of a test."""
    a, b = Fraction(*x.rational_coefficient), Fraction(*x.phi_coefficient)
    low, high = (a + b * (1 + Fraction(root, 2**BITS)) / 2 for root in (ROOT, ROOT + 1))
    return min(low, high), max(low, high)


def one(function, x: GoldenExact):
    """What a function gives for both bounds, which is the same."""
    low, high = (function(bound) for bound in bounds(x))
    assert low == high
    return low


@given(pairs)
def test_whole_numbers(pair):
    x = golden(pair)
    for ours, theirs in (
        (math.floor, math.floor),
        (math.ceil, math.ceil),
        (math.trunc, math.trunc),
        (int, int),
        (round, round),
    ):
        assert ours(x) == one(theirs, x)
        assert type(ours(x)) is int


@given(pairs, st.integers(-3, 40))
def test_rounded_to_digits(pair, digits):
    x = golden(pair)
    assert round(x, digits) == one(lambda bound: round(bound, digits), x)


@given(pairs, pairs.filter(any))
def test_division_with_a_rest(left, right):
    x, y = golden(left), golden(right)
    whole, rest = divmod(x, y)
    assert (whole, rest) == (x // y, x % y)
    assert x == y * whole + rest
    assert abs(rest) < abs(y)
    assert rest == 0 or (rest > 0) == (y > 0)
    assert math.floor(x / y) == whole


@given(pairs.filter(any), st.integers(-(10**9), 10**9))
def test_integers_and_fractions_on_either_side(pair, n):
    y = golden(pair)
    for x in (n, Fraction(n, 7)):
        wide = GoldenExact(Fraction(x).numerator, Fraction(x).denominator, 0, 1)
        assert divmod(x, y) == divmod(wide, y)
        assert (x // y, x % y) == (wide // y, wide % y)
        if n:
            assert divmod(y, x) == divmod(y, wide)


def test_where_a_float_cannot_tell():
    assert math.floor(GoldenExact.from_integers(2**53 + 1, 0)) == 2**53 + 1
    below = GoldenExact.from_integers(1, 0) - GoldenExact.golden_ratio() ** -90
    assert (math.floor(below), math.ceil(below), int(below), int(-below), round(below)) == (0, 1, 0, 0, 1)
    # phi^n and its conjugate add up to the Lucas number L(n), which is above phi^n where n is odd.
    assert math.floor(GoldenExact.golden_ratio() ** 20_001) == lucas(20_001)
    assert math.floor(GoldenExact.golden_ratio() ** 20_000) == lucas(20_000) - 1
    for half, even in ((1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2)):
        assert round(GoldenExact(half, 2, 0, 1)) == even


@pytest.mark.parametrize("zero", [0, Fraction(0), GoldenExact.from_integers(0, 0)])
def test_division_by_zero(zero):
    for divide in (lambda x: x // zero, lambda x: x % zero, lambda x: divmod(x, zero)):
        with pytest.raises(ZeroDivisionError):
            divide(GoldenExact.golden_ratio())


@pytest.mark.parametrize("other", [0.5, "1", None, 1j])
def test_what_is_no_exact_number_is_refused(other):
    for divide in (lambda x, y: x // y, lambda x, y: x % y, divmod):
        with pytest.raises(TypeError):
            divide(GoldenExact.golden_ratio(), other)
        with pytest.raises(TypeError):
            divide(other, GoldenExact.golden_ratio())


SPECS = [".3f", ".0f", ".12e", ".7g", "+.4f", "015.3f", ",.2f", ".1%", "f", "e", "g", "*>30.25f", ".60f"]


def number(text: str) -> Decimal:
    return Decimal(text.strip("*%").replace(",", ""))


@given(pairs, st.sampled_from(SPECS))
def test_formats(pair, spec):
    x = golden(pair)
    with decimal.localcontext(decimal.Context(prec=4000)):
        told = spec if "." in spec else f"{spec[:-1]}.6{spec[-1]}"
        low, high = (format(Decimal(n.numerator) / Decimal(n.denominator), told) for n in bounds(x))
    if spec.endswith("g") or low == high:
        # `g` shows a number that is short as it is, zeros and all.
        assert number(format(x, spec)) == number(low)
    assert format(x, "") == str(x)
    assert format(x, ">60") == format(str(x), ">60")


@pytest.mark.parametrize("spec", ["d", ".99999999999f", ".-1f", "zz", ".f"])
def test_formats_that_are_none(spec):
    with pytest.raises(ValueError, match=r".+"):
        format(GoldenExact.golden_ratio(), spec)


@given(parts)
def test_equal_numbers_hash_alike(part):
    assert hash(golden((part, Fraction(0)))) == hash(part)
    assert {golden((part, Fraction(0))): 1}[part] == 1
