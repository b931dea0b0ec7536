"""Products: of values with weights, and of values with one another."""

from syntonic._core import ResonantTensor
from syntonic.sn.array import A


def linear(x: A, weight: ResonantTensor, bias: ResonantTensor | None = None) -> A:
    """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""
    return x.linear(weight, bias)
