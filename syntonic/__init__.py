"""Syntonic: training neural networks without gradients, on an exact golden lattice."""

from syntonic import compat as compat
