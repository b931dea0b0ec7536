"""Fibonacci and Lucas numbers, exact, and the periods of the former."""

from typing import Final

from syntonic._core import fibonacci as fibonacci
from syntonic._core import lucas as lucas
from syntonic._core import pisano_period as pisano_period

LUCAS_SEQUENCE: Final = tuple(lucas(n) for n in range(21))
"""L(0) to L(20)."""
