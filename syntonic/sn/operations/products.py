"""Products: of values with weights, and of values with one another."""

from typing import Protocol, Self

from syntonic._core import ResonantTensor


class Products(Protocol):
    """Products: of values with weights, and of values with one another."""

    def linear(self, weight: ResonantTensor, bias: ResonantTensor | None = None) -> Self:
        """Returns x W^T + b: (..., in) with W (out, in) and b (out,) gives (..., out)."""
