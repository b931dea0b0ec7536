"""Models that a config may name."""

from syntonic.nn.architectures.mlp import MLP as MLP
