"""Number theory and the structure table, against plain Python."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntonic import _core
from syntonic.classic import number_theory as nt
from syntonic.classic.fibonacci import LUCAS_SEQUENCE, lucas, pisano_period
from syntonic.classic.golden import D4_KISSING, Q_DEFICIT, STRUCTURES, correction_factor


def factors(n: int) -> list[int]:
    found, p = [], 2
    while p * p <= n:
        while n % p == 0:
            found.append(p)
            n //= p
        p += 1
    return found + [n] * (n > 1)


def mobius(n: int) -> int:
    primes = factors(n)
    return 0 if len(set(primes)) < len(primes) else (-1) ** len(primes)


def test_mobius_and_mertens_up_to_3000():
    total = 0
    for n in range(1, 3001):
        assert nt.mobius(n) == mobius(n)
        assert nt.is_square_free(n) == (mobius(n) != 0)
        total += mobius(n)
        assert nt.mertens(n) == total


@given(st.integers(1, 10**7))
def test_mobius(n):
    assert nt.mobius(n) == mobius(n)
    assert nt.is_prime(n) == (len(factors(n)) == 1)


@given(st.integers(1, 2**31), st.integers(1, 2**31))
def test_mobius_is_multiplicative(m, n):
    if math.gcd(m, n) == 1:
        assert nt.mobius(m * n) == nt.mobius(m) * nt.mobius(n)
    else:
        assert nt.mobius(m * n) == 0


def test_edges():
    assert [nt.mobius(n) for n in (0, -1, -(2**63))] == [0, 0, 0]
    assert [nt.mertens(n) for n in (0, -1, 10, 10**8)] == [0, 0, -1, 1928]
    assert not nt.is_square_free(0)
    assert not nt.is_prime(-7)
    with pytest.raises(ValueError, match="at most 100000000000, got"):
        nt.mertens(10**12)
    with pytest.raises(ValueError, match="below 2\\^64, got"):
        nt.is_prime(2**64)
    for function in [nt.mobius, nt.mertens, nt.is_square_free, nt.is_prime, pisano_period]:
        with pytest.raises(OverflowError):
            function(10**40)
        for bad in [1.5, "7", None]:
            with pytest.raises(TypeError):
                function(bad)


@pytest.mark.parametrize("m", [1, 2, 3, 10, 30, 97, 128, 1000])
def test_pisano_period(m):
    pair, period = (1 % m, 1 % m), 1
    while pair != (0, 1 % m):
        pair, period = (pair[1], sum(pair) % m), period + 1
    assert pisano_period(m) == period
    with pytest.raises(ValueError, match="from 1 to"):
        pisano_period(-m)


def test_lists():
    assert LUCAS_SEQUENCE[:8] == (2, 1, 3, 4, 7, 11, 18, 29)
    assert all(LUCAS_SEQUENCE[n] == lucas(n) for n in range(len(LUCAS_SEQUENCE)))
    assert nt.FERMAT_PRIMES == (3, 5, 17, 257, 65537)
    assert nt.MERSENNE_PRIMES[:4] == (3, 7, 31, 127)
    assert all(nt.is_prime(p) for p in nt.FERMAT_PRIMES + nt.MERSENNE_PRIMES)
    assert D4_KISSING == STRUCTURES["D4_kissing"] == 24


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("sign", [1, -1])
def test_correction_factor(name, sign):
    want = 1 + sign * Q_DEFICIT / STRUCTURES[name]
    assert correction_factor(name, sign) == correction_factor(STRUCTURES[name], sign) == want


@pytest.mark.parametrize(("structure", "sign"), [("E9", 1), (0, 1), (-8, 1), (math.nan, 1), ("E8_dim", 0), (8, 2)])
def test_other_corrections_are_refused(structure, sign):
    with pytest.raises(ValueError, match=r"structure|correction_factor"):
        correction_factor(structure, sign)


def test_golden_weights():
    norms = [0.0, 1.0, 2.0, 4.0, 9.0, 1e4]
    want = [1.0, 0.53900308, 0.290524, 0.08440438, 0.00383991, 0.0]
    assert _core.py_golden_weights(norms) == [_core.py_golden_weight(s) for s in norms]
    assert _core.py_golden_weights(norms) == pytest.approx(want, abs=1e-8 * 50)
    assert _core.py_golden_weight(3.7) == pytest.approx(math.exp(-3.7 / _core.PHI), rel=4e-16)
    assert _core.py_e_star() == _core.E_STAR
