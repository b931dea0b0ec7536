"""Numbers made of all elements of an axis."""

from syntonic.sn.array import A


def mean(x: A) -> A:
    """Returns the mean of all elements, a scalar."""
    return x.mean()
