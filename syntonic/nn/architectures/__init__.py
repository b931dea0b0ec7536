"""Models that a config may name."""

from syntonic.nn.architectures.mlp import MLP as MLP
from syntonic.nn.architectures.task import Task as Task
