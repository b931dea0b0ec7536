"""Activations as modules: elementwise, without parameters."""

from syntonic.sn import functional
from syntonic.sn.array import A
from syntonic.sn.module import Module


class Identity(Module):
    """Returns its input."""

    def forward(self, x: A, /) -> A:
        """Returns x."""
        return x


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: A, /) -> A:
        """Returns max(x, 0), of the same shape."""
        return functional.relu(x)


class Sigmoid(Module):
    """1 / (1 + e^-x)."""

    def forward(self, x: A, /) -> A:
        """Returns 1 / (1 + e^-x), of the same shape."""
        return functional.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, x: A, /) -> A:
        """Returns tanh x, of the same shape."""
        return functional.tanh(x)


class GELU(Module):
    """The Gaussian error linear unit in its tanh form."""

    def forward(self, x: A, /) -> A:
        """Returns x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, of the same shape."""
        return functional.gelu(x)
