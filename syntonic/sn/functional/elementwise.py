"""Arithmetic with NumPy's broadcasting, and functions of each element.

Two shapes are aligned at the end, and axes of size 1 repeat: (3, 1) and (4,) give (3, 4). A number, or a tensor that
meets a traced symbol, is a constant of the program. Where the constant stands on the left, write an operator: `1 - x`.
"""

from syntonic._core import Tensor
from syntonic.sn.array import A


def relu(x: A) -> A:
    """Returns max(x, 0), elementwise."""
    return x.relu()


def tanh(x: A) -> A:
    """Returns the hyperbolic tangent, elementwise."""
    return x.tanh()


def gelu(x: A) -> A:
    """Returns x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, elementwise."""
    return x.gelu()


def sigmoid(x: A) -> A:
    """Returns 1 / (1 + e^-x), elementwise."""
    return x.sigmoid()


def exp(x: A) -> A:
    """Returns e^x, elementwise."""
    return x.exp()


def log(x: A) -> A:
    """Returns the natural logarithm, elementwise: -inf at 0, NaN below."""
    return x.log()


def sqrt(x: A) -> A:
    """Returns the square root, elementwise; NaN below 0."""
    return x.sqrt()


def square(x: A) -> A:
    """Returns x^2, elementwise."""
    return x.square()


def abs(x: A) -> A:
    """Returns |x|, elementwise."""
    return x.abs()


def neg(x: A) -> A:
    """Returns -x, elementwise."""
    return x.neg()


def sin(x: A) -> A:
    """Returns the sine of angles in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64)."""
    return x.sin()


def cos(x: A) -> A:
    """Returns the cosine of angles in radians, elementwise; NaN where |x| exceeds 2^22 (float32) or 2^51 (float64)."""
    return x.cos()


def clamp(x: A, min: float | None = None, max: float | None = None) -> A:
    """Returns x, but `min` where it is less and `max` where it is more; NaN stays NaN.

    Raises:
        ValueError: min > max, or one of them is NaN.

    >>> clamp(Tensor([-2.0, 0.5, 2.0]), -1, 1).tolist()
    [-1.0, 0.5, 1.0]
    """
    return x.clamp(min, max)


def add(x: A, y: A | Tensor | float) -> A:
    """Returns x + y, elementwise, with NumPy's broadcasting."""
    return x.add(y)


def sub(x: A, y: A | Tensor | float) -> A:
    """Returns x - y, elementwise, with NumPy's broadcasting."""
    return x.sub(y)


def mul(x: A, y: A | Tensor | float) -> A:
    """Returns x * y, elementwise, with NumPy's broadcasting."""
    return x.mul(y)


def div(x: A, y: A | Tensor | float) -> A:
    """Returns x / y, elementwise, with NumPy's broadcasting."""
    return x.div(y)


def maximum(x: A, y: A | Tensor | float) -> A:
    """Returns the larger of x and y, NaN where either is, elementwise, with NumPy's broadcasting."""
    return x.maximum(y)


def minimum(x: A, y: A | Tensor | float) -> A:
    """Returns the smaller of x and y, NaN where either is, elementwise, with NumPy's broadcasting."""
    return x.minimum(y)
