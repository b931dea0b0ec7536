"""Numbers made of all elements along some axes.

`dim` is an axis, several, or None for all, counted from the end where negative; `keepdim` keeps them with size 1.
"""

from collections.abc import Sequence

from syntonic.sn.array import A


def sum(x: A, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> A:
    """Returns the sum over the axes `dim`; 0 of nothing."""
    return x.sum(dim, keepdim)


def mean(x: A, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> A:
    """Returns the mean over the axes `dim`.

    Raises:
        ValueError: an axis that does not exist, or no element to take a mean of.

    >>> from syntonic._core import Tensor
    >>> mean(Tensor([[1.0, 2.0], [5.0, 6.0]]), dim=0).tolist()
    [3.0, 4.0]
    """
    return x.mean(dim, keepdim)


def var(x: A, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> A:
    """Returns the variance of the population, sum (x - mean)^2 / n, over the axes `dim`."""
    return x.var(dim, keepdim)


def max(x: A, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> A:
    """Returns the largest element over the axes `dim`, NaN where one is."""
    return x.max(dim, keepdim)


def min(x: A, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> A:
    """Returns the smallest element over the axes `dim`, NaN where one is."""
    return x.min(dim, keepdim)
