"""Fibonacci and Lucas numbers and the constants."""

import doctest
import math
from collections.abc import Callable

import pytest

from syntonic.classic import golden
from syntonic.classic.fibonacci import fibonacci, lucas


def test_sequences_follow_their_recurrence() -> None:
    f, g = 0, 1
    for n in range(3000):
        assert fibonacci(n) == f
        assert lucas(n) == 2 * g - f
        f, g = g, f + g


@pytest.mark.parametrize("n", [10_007, 999_999, 1_000_000])
def test_large_terms_obey_an_identity(n: int) -> None:
    # L(n)^2 - 5 F(n)^2 = 4 (-1)^n
    assert lucas(n) ** 2 - 5 * fibonacci(n) ** 2 == (-1) ** n * 4


@pytest.mark.parametrize("sequence", [fibonacci, lucas])
def test_sequences_start_at_zero(sequence: Callable[[float], int]) -> None:
    with pytest.raises(ValueError, match="n >= 0, got -1"):
        sequence(-1)
    with pytest.raises(TypeError):
        sequence(1.0)


def test_constants_follow_from_their_formulas() -> None:
    phi = (1 + math.sqrt(5)) / 2
    e_star = math.exp(math.pi) - math.pi
    q = (2 * phi + math.e / (2 * phi**2)) / (phi**4 * e_star)
    for literal, formula in [
        (golden.PHI, phi),
        (golden.PHI_INVERSE, 1 / phi),
        (golden.PHI_INVERSE_SQUARED, 1 / phi**2),
        (golden.E_STAR, e_star),
        (golden.Q_DEFICIT, q),
        (golden.S_STAR, phi - q),
    ]:
        assert literal == pytest.approx(formula, rel=1e-15)


@pytest.mark.parametrize("thing", [golden.GoldenExact, fibonacci, lucas])
def test_examples_in_docstrings(thing: object) -> None:
    names = {"GoldenExact": golden.GoldenExact, "fibonacci": fibonacci, "lucas": lucas}
    examples = doctest.DocTestParser().get_doctest(thing.__doc__ or "", names, repr(thing), None, None)
    results = doctest.DocTestRunner().run(examples)
    assert results.attempted > 0
    assert results.failed == 0
