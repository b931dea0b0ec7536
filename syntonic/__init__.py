"""Syntonic: training neural networks without gradients, on an exact golden lattice."""

from syntonic import compat as compat
from syntonic.runners.api import RunResult as RunResult
from syntonic.runners.api import load as load
from syntonic.runners.api import run as run
from syntonic.runners.api import sweep as sweep
from syntonic.version import __getattr__ as __getattr__
