"""The same elements in another arrangement."""

from collections.abc import Sequence

from syntonic.sn.array import A


def reshape(x: A, shape: int | Sequence[int]) -> A:
    """Returns the same elements, row-major, under another shape."""
    return x.reshape(shape)
