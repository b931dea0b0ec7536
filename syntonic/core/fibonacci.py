"""Fibonacci and Lucas numbers, exact."""

from syntonic._core import fibonacci as fibonacci
from syntonic._core import lucas as lucas
