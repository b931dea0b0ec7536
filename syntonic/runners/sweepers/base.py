"""What a sweeper is: a generator of batches of points that is sent the values of each before it makes the next."""

from collections.abc import Generator, Sequence
from typing import Protocol

from syntonic.runners.sweep.points import PointResult
from syntonic.runners.sweep.space import Proposal

Batches = Generator[list[Proposal], Sequence[PointResult], None]


class Sweeper(Protocol):
    """Chooses points. What it proposes depends on its arguments and on what it was told, on nothing else."""

    adaptive: bool
    """Whether later points depend on the values of earlier ones."""
    total: int
    """Points in all."""
    together: int
    """Points that are proposed together and waited for, where proposals depend on it; else 1."""

    def batches(self) -> Batches:
        """Yields lists of points that may run side by side; is sent what became of them."""
        ...
