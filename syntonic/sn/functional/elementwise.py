"""Arithmetic, and functions of each element."""

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


def add(x: A, y: A) -> A:
    """Returns x + y, elementwise."""
    return x.add(y)


def sub(x: A, y: A) -> A:
    """Returns x - y, elementwise."""
    return x.sub(y)


def mul(x: A, y: A) -> A:
    """Returns x * y, elementwise."""
    return x.mul(y)
