"""Syntonic: training neural networks without gradients, on an exact golden lattice."""

from typing import TYPE_CHECKING

from syntonic import compat as compat
from syntonic.runners.api import RunResult as RunResult
from syntonic.runners.api import load as load
from syntonic.runners.api import run as run

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib import metadata  # ten times the time of the whole import

        return metadata.version("syntonic")
    raise AttributeError(f"module 'syntonic' has no attribute {name!r}")
