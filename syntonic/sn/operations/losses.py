"""Losses, shares of right answers, and what acts in training alone."""

from typing import Protocol, Self

from syntonic._core import Tensor


class Losses(Protocol):
    """Losses, shares of right answers, and dropout."""

    def cross_entropy(self, labels: Self | Tensor, weights: Self | Tensor | None = None) -> Self:
        """Returns the mean of -ln softmax(x)[label]: logits (..., classes), labels (...)."""

    def binary_cross_entropy(self, targets: Self | Tensor) -> Self:
        """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""

    def mse(self, targets: Self | Tensor) -> Self:
        """Returns the mean squared difference."""

    def accuracy(self, labels: Self | Tensor, weights: Self | Tensor | None = None) -> Self:
        """Returns the share of rows whose largest logit is at the label."""

    def binary_accuracy(self, targets: Self | Tensor) -> Self:
        """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""

    def dropout(self, p: float, layer: int) -> Self:
        """Returns x with elements zeroed with probability p and the others divided by 1 - p."""
