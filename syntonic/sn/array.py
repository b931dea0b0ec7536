"""What a forward pass may do with its values: the methods that a `Tensor` and a traced `Symbol` share."""

from typing import Protocol, TypeVar

from syntonic.sn.operations import General, Layout, Losses, Normalization, Products


class Array(General, Layout, Losses, Products, Normalization, Protocol):
    """A value of a forward pass: a `Tensor` that holds numbers, or a `Symbol` that records what is done with it.

    Shapes are those of one member of the population; the engine adds the member axis.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, outermost first."""


A = TypeVar("A", bound=Array)
