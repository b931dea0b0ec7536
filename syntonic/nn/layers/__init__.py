"""Layers whose parameters live on the golden lattice."""

from syntonic.nn.layers._resonant_linear import ResonantLinear as ResonantLinear
