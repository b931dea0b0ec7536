"""Losses and shares of right answers: scalars."""

from syntonic._core import Tensor
from syntonic.sn.array import A


def cross_entropy(logits: A, labels: A | Tensor, weights: A | Tensor | None = None) -> A:
    """Returns the mean of -ln softmax(logits)[label]: logits (..., classes), labels (...) as whole numbers.

    `weights` (...) >= 0 make it sum w x / sum w; a row of weight 0, such as padding, may hold anything. A label that
    names no class makes the result NaN, and so do weights that are all 0.

    Raises:
        ValueError: shapes that do not fit, nothing at all, or (where it computes at once) a negative weight.
    """
    return logits.cross_entropy(labels, weights)


def binary_cross_entropy(logits: A, targets: A | Tensor) -> A:
    """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""
    return logits.binary_cross_entropy(targets)


def mse_loss(x: A, targets: A | Tensor) -> A:
    """Returns the mean squared difference of x and targets of the same shape."""
    return x.mse(targets)


def accuracy(logits: A, labels: A | Tensor, weights: A | Tensor | None = None) -> A:
    """Returns the share of rows whose first largest logit is at the label: logits (..., classes), labels (...).

    `weights` as in `cross_entropy`.
    """
    return logits.accuracy(labels, weights)


def binary_accuracy(logits: A, targets: A | Tensor) -> A:
    """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""
    return logits.binary_accuracy(targets)
