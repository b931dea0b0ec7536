"""Losses and shares of right answers: scalars."""

from syntonic.sn.array import A


def cross_entropy(logits: A, labels: A) -> A:
    """Returns the mean of -ln softmax(logits)[label]: logits (batch, classes), labels (batch,) as whole numbers."""
    return logits.cross_entropy(labels)


def binary_cross_entropy(logits: A, targets: A) -> A:
    """Returns the mean binary cross-entropy of logits and as many targets in [0, 1]."""
    return logits.binary_cross_entropy(targets)


def mse_loss(x: A, targets: A) -> A:
    """Returns the mean squared difference of x and targets of the same shape."""
    return x.mse(targets)


def accuracy(logits: A, labels: A) -> A:
    """Returns the share of rows whose largest logit is at the label: logits (batch, classes), labels (batch,)."""
    return logits.accuracy(labels)


def binary_accuracy(logits: A, targets: A) -> A:
    """Returns the share of logits that are positive where the target exceeds 1/2, and only there."""
    return logits.binary_accuracy(targets)
