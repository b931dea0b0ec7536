"""Hostile arguments: each one is a Python exception that says what was wrong."""

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from syntonic.classic.fibonacci import fibonacci, lucas
from syntonic.classic.golden import GoldenExact

PHI = GoldenExact.golden_ratio()
HUGE = 10**20_000  # beyond 2^65536
LARGEST = GoldenExact.from_integers(2**65_536 - 1, 2**65_536 - 1)
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]
ORDERS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("operate", OPERATORS + ORDERS)
@pytest.mark.parametrize("x", [0.5, float("nan"), np.float64(1.0)])
def test_floats_are_refused_with_advice(operate: Callable[[Any, Any], Any], x: float) -> None:
    with pytest.raises(TypeError, match="Fraction"):
        operate(PHI, x)
    with pytest.raises(TypeError, match="Fraction"):
        operate(x, PHI)


@pytest.mark.parametrize("operate", OPERATORS + ORDERS)
@pytest.mark.parametrize("other", [None, "1", 1j, Decimal(1), [1], object()])
def test_other_types_are_refused(operate: Callable[[Any, Any], Any], other: object) -> None:
    with pytest.raises(TypeError):
        operate(PHI, other)
    with pytest.raises(TypeError):
        operate(other, PHI)


@pytest.mark.parametrize("other", [None, "phi", 1.618033988749895, 10**60, Fraction(1, 10**60), object(), "huge"])
def test_equality_answers_for_every_object(other: object) -> None:
    other = HUGE if other == "huge" else other
    assert (PHI == other) is False
    assert PHI != other
    assert other not in {PHI: 1}


@pytest.mark.parametrize("arguments", [(1.0, 1, 0, 1), ("1", 1, 0, 1), (None, 1, 0, 1), (1, 1, 0), (1, 1, 0, 1, 1), ()])
def test_constructor_takes_four_integers(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        GoldenExact(*arguments)


@pytest.mark.parametrize("arguments", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, 0, 0)])
def test_zero_denominators(arguments: tuple[int, int, int, int]) -> None:
    with pytest.raises(ZeroDivisionError):
        GoldenExact(*arguments)


@pytest.mark.parametrize("zero", [0, GoldenExact(0, 1, 0, 1), Fraction(0), False])
def test_division_by_zero(zero: int) -> None:
    with pytest.raises(ZeroDivisionError):
        PHI / zero
    with pytest.raises(ZeroDivisionError):
        GoldenExact(0, 1, 0, 1).reciprocal()
    with pytest.raises(ZeroDivisionError):
        1 / (PHI - PHI)


OVERFLOWS: dict[str, Callable[[], object]] = {
    "constructor": lambda: GoldenExact(HUGE, 1, 0, 1),
    "denominator": lambda: GoldenExact(1, -HUGE, 0, 1),
    "from_integers": lambda: GoldenExact.from_integers(0, -HUGE),
    "add": lambda: LARGEST + LARGEST,
    "sub": lambda: -LARGEST - 2,
    "mul": lambda: LARGEST * LARGEST,
    "mul int": lambda: PHI * HUGE,
    "rdiv int": lambda: HUGE / PHI,
    "order": lambda: PHI < HUGE,
    "norm": LARGEST.field_norm,
    "trace": LARGEST.field_trace,
    "conjugate": LARGEST.galois_conjugate,
    "power": lambda: PHI**1_000_000,
    "huge power": lambda: PHI**HUGE,
    "phi_to_power": lambda: GoldenExact.phi_to_power(-95_000),
    "parse": lambda: GoldenExact.parse("9" * 20_000),
    "float": lambda: float(GoldenExact.from_integers(2**1024, 0)),
    "eval": lambda: GoldenExact.phi_to_power(1475).eval(),
    "fibonacci": lambda: fibonacci(1_000_001),
    "lucas": lambda: lucas(1_000_001),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_what_does_not_fit_raises(name: str) -> None:
    with pytest.raises(OverflowError):
        OVERFLOWS[name]()


@pytest.mark.parametrize("exponent", [0.5, Fraction(1, 2), PHI, "2", None])
def test_exponents_are_integers(exponent: object) -> None:
    with pytest.raises(TypeError):
        PHI**exponent
    with pytest.raises(TypeError):
        2**PHI
    with pytest.raises(TypeError):
        pow(PHI, 2, 7)


@pytest.mark.parametrize("text", ["", "1.5", "phi phi", "1 + ", "2^phi", "nan", "1_0", "1 phi 2", "phi/2"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="parse: expected a sum"):
        GoldenExact.parse(text)


def test_numbers_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PHI.rational_coefficient = (1, 1)
    with pytest.raises(TypeError):
        type("Child", (GoldenExact,), {})
