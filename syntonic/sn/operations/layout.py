"""The same numbers in another arrangement, and parameters as values."""

from collections.abc import Sequence
from typing import Protocol, Self

from syntonic._core import ResonantTensor, Tensor


class Layout(Protocol):
    """Changes of shape, choices of elements, parameters as values."""

    def reshape(self, shape: int | Sequence[int]) -> Self:
        """Returns the same elements under another shape."""

    def transpose(self, dim0: int, dim1: int) -> Self:
        """Returns x with two axes exchanged."""

    def permute(self, dims: Sequence[int]) -> Self:
        """Returns x with its axes in another order."""

    def concat(self, others: Sequence[Self | Tensor], dim: int = 0) -> Self:
        """Returns this value and others along one axis."""

    def narrow(self, dim: int, start: int, length: int) -> Self:
        """Returns a part of one axis."""

    def index_select(self, dim: int, indices: Sequence[int]) -> Self:
        """Returns chosen entries of one axis."""

    def expand(self, shape: int | Sequence[int]) -> Self:
        """Returns x with axes of size 1 repeated."""

    def embedding(self, table: ResonantTensor) -> Self:
        """Returns rows of a table for token numbers."""

    def parameter(self, p: ResonantTensor) -> Self:
        """Returns a parameter's values."""
