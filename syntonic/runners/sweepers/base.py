"""What a sweeper is: a generator of batches of points that is sent the values of each before it makes the next."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from syntonic.runners.sweep.space import Proposal


@dataclass(frozen=True)
class TrialResult:
    """What became of a point.

    Attributes:
        value: to be made small; None: the point failed, or its value is NaN.
        pruned: generation at which it was given up, and the value that it had; None if it was not.
    """

    value: float | None = None
    pruned: tuple[int, float] | None = None


Batches = Generator[list[Proposal], Sequence[TrialResult], None]


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
