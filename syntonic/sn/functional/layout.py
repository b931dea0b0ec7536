"""The same numbers in another arrangement, and parameters as values."""

from collections.abc import Sequence

from syntonic._core import ResonantTensor
from syntonic.sn.array import A


def reshape(x: A, shape: int | Sequence[int]) -> A:
    """Returns the same elements, row-major, under another shape; one size may be -1: what is left.

    >>> from syntonic._core import Tensor
    >>> reshape(Tensor([[1.0, 2.0], [3.0, 4.0]]), (-1,)).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    return x.reshape(shape)


def transpose(x: A, dim0: int, dim1: int) -> A:
    """Returns x with the axes `dim0` and `dim1` exchanged."""
    return x.transpose(dim0, dim1)


def permute(x: A, dims: Sequence[int]) -> A:
    """Returns x with its axes in the order `dims`: axis i of the result is axis `dims[i]` of x."""
    return x.permute(dims)


def concat(values: Sequence[A], dim: int = 0) -> A:
    """Returns the values one after the other along the axis `dim`; all other sizes are equal.

    Raises:
        ValueError: no values, sizes that differ, or an axis that does not exist.

    >>> from syntonic._core import Tensor
    >>> concat([Tensor([[1.0], [2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]])], dim=1).tolist()
    [[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]
    """
    if not values:
        raise ValueError("concat: expected at least one value, got none")
    return values[0].concat(values[1:], dim)


def narrow(x: A, dim: int, start: int, length: int) -> A:
    """Returns the elements `start` to `start + length - 1` of the axis `dim`."""
    return x.narrow(dim, start, length)


def index_select(x: A, dim: int, indices: Sequence[int]) -> A:
    """Returns the entries `indices`, counted from 0, of the axis `dim`, in that order."""
    return x.index_select(dim, indices)


def expand(x: A, shape: int | Sequence[int]) -> A:
    """Returns x under a larger shape: aligned at the end, axes of size 1 and missing ones repeat."""
    return x.expand(shape)


def embedding(tokens: A, table: ResonantTensor) -> A:
    """Returns rows of `table` (tokens, width) for token numbers (...) that are written as floats: (..., width).

    Raises:
        ValueError: a token names no row. In a recorded program, which has no numbers yet, its row is NaN instead.
    """
    return tokens.embedding(table)


def parameter(witness: A, p: ResonantTensor) -> A:
    """Returns a parameter's values, perturbed for each member, as a value of the same kind and dtype as `witness`."""
    return witness.parameter(p)
