"""Losses with the theory's own weight q = 0.027395..., the deficit."""

from syntonic._core import Q_DEFICIT
from syntonic.sn.array import A


def q_loss(task: A, syntony: A) -> A:
    """Returns task + q (1 - S) of two scalars."""
    return task + (1.0 - syntony) * Q_DEFICIT


def deficit_error(syntony: A, target: float = 1.0) -> A:
    """Returns |(1 - S / target) - q|: how far the measured deficit is from q, a scalar.

    Raises:
        ValueError: unless 0 < target <= 1.
    """
    if not 0 < target <= 1:
        raise ValueError(f"expected a target syntony with 0 < target <= 1, got {target}")
    return (1.0 - syntony * (1 / target) - Q_DEFICIT).abs()
