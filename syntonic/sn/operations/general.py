"""Arithmetic and functions of each element, and reductions."""

from collections.abc import Sequence
from typing import Protocol, Self

from syntonic._core import Tensor


class General(Protocol):
    """Arithmetic with NumPy's broadcasting, functions of each element, reductions."""

    def relu(self) -> Self:
        """Returns max(x, 0)."""

    def tanh(self) -> Self:
        """Returns the hyperbolic tangent."""

    def gelu(self) -> Self:
        """Returns the Gaussian error linear unit in its tanh form."""

    def sigmoid(self) -> Self:
        """Returns 1 / (1 + e^-x)."""

    def exp(self) -> Self:
        """Returns e^x."""

    def log(self) -> Self:
        """Returns the natural logarithm."""

    def sqrt(self) -> Self:
        """Returns the square root."""

    def square(self) -> Self:
        """Returns x^2."""

    def abs(self) -> Self:
        """Returns |x|."""

    def neg(self) -> Self:
        """Returns -x."""

    def sin(self) -> Self:
        """Returns the sine."""

    def cos(self) -> Self:
        """Returns the cosine."""

    def clamp(self, min: float | None = None, max: float | None = None) -> Self:
        """Returns x within the limits."""

    def add(self, other: Self | Tensor | float) -> Self:
        """Returns x + other."""

    def sub(self, other: Self | Tensor | float) -> Self:
        """Returns x - other."""

    def mul(self, other: Self | Tensor | float) -> Self:
        """Returns x * other."""

    def div(self, other: Self | Tensor | float) -> Self:
        """Returns x / other."""

    def maximum(self, other: Self | Tensor | float) -> Self:
        """Returns the larger of x and other."""

    def minimum(self, other: Self | Tensor | float) -> Self:
        """Returns the smaller of x and other."""

    def __add__(self, other: Self | Tensor | float, /) -> Self:
        """Returns x + other."""

    def __radd__(self, other: Tensor | float, /) -> Self:
        """Returns other + x."""

    def __sub__(self, other: Self | Tensor | float, /) -> Self:
        """Returns x - other."""

    def __rsub__(self, other: Tensor | float, /) -> Self:
        """Returns other - x."""

    def __mul__(self, other: Self | Tensor | float, /) -> Self:
        """Returns x * other."""

    def __rmul__(self, other: Tensor | float, /) -> Self:
        """Returns other * x."""

    def __truediv__(self, other: Self | Tensor | float, /) -> Self:
        """Returns x / other."""

    def __rtruediv__(self, other: Tensor | float, /) -> Self:
        """Returns other / x."""

    def __neg__(self) -> Self:
        """Returns -x."""

    def sum(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Self:
        """Returns the sum over `dim`."""

    def mean(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Self:
        """Returns the mean over `dim`."""

    def var(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Self:
        """Returns the variance of the population over `dim`."""

    def max(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Self:
        """Returns the largest element over `dim`."""

    def min(self, dim: int | Sequence[int] | None = None, keepdim: bool = False) -> Self:
        """Returns the smallest element over `dim`."""
