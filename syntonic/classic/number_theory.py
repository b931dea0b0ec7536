"""Moebius and Mertens functions and the primes of the theory, from `rust_core/src/exact/number_theory.rs`."""

from typing import Final

from syntonic import _core
from syntonic._core import FERMAT_PRIMES as FERMAT_PRIMES
from syntonic._core import MERSENNE_PRIMES as MERSENNE_PRIMES
from syntonic._core import is_prime as is_prime

mobius: Final = _core.py_mobius
is_square_free: Final = _core.py_is_square_free
mertens: Final = _core.py_mertens
