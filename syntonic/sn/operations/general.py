"""Arithmetic, functions of each element, reductions, changes of shape, losses."""

from collections.abc import Sequence
from typing import Protocol, Self

from syntonic._core import Tensor


class General(Protocol):
    """What needs no weights and knows no neighbours."""

    def reshape(self, shape: int | Sequence[int]) -> Self:
        """Returns the same elements under another shape."""

    def relu(self) -> Self:
        """Returns max(x, 0)."""

    def tanh(self) -> Self:
        """Returns the hyperbolic tangent."""

    def gelu(self) -> Self:
        """Returns the Gaussian error linear unit in its tanh form."""

    def sigmoid(self) -> Self:
        """Returns 1 / (1 + e^-x)."""

    def add(self, other: Self | Tensor | float) -> Self:
        """Returns x + other."""

    def sub(self, other: Self | Tensor | float) -> Self:
        """Returns x - other."""

    def mul(self, other: Self | Tensor | float) -> Self:
        """Returns x * other."""

    def mean(self) -> Self:
        """Returns the mean of all elements, a scalar."""

    def cross_entropy(self, labels: Self | Tensor) -> Self:
        """Returns the mean of -ln softmax(x)[label]: logits (batch, classes), labels (batch,)."""

    def binary_cross_entropy(self, targets: Self | Tensor) -> Self:
        """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""

    def mse(self, targets: Self | Tensor) -> Self:
        """Returns the mean squared difference."""

    def accuracy(self, labels: Self | Tensor) -> Self:
        """Returns the share of rows whose largest logit is at the label."""

    def binary_accuracy(self, targets: Self | Tensor) -> Self:
        """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""

    def dropout(self, p: float, layer: int) -> Self:
        """Returns x with elements zeroed with probability p and the others divided by 1 - p."""
