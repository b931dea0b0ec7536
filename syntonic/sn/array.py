"""What a forward pass may do with its values: the methods that a `Tensor` and a traced `Symbol` share."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from syntonic.sn.functional import Array as Array
else:
    from syntonic._core import Symbol, Tensor

    # A value of a forward pass: a `Tensor` that holds numbers, or a `Symbol` that records what is done with it.
    # Shapes are those of one member of the population; the engine adds the member axis.
    Array = Tensor | Symbol

A = TypeVar("A", bound=Array)
