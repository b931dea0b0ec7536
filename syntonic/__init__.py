"""Syntonic: training neural networks without gradients, on an exact golden lattice."""

from syntonic.runners.api import RunResult as RunResult
from syntonic.runners.api import run as run
