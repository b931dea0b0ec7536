"""The syntonic loss: the task's loss, what syntony lacks, and how far the phase is from its place.

    L = task + lambda (1 - S) + mu C

All parts are scalars of a forward pass, so that the sum may be what a benchmark's `loss` returns.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from syntonic._core import PHI
from syntonic.sn.array import A, Array


class LossParts(NamedTuple):
    """The parts of a syntonic loss, scalars; `total` is their sum."""

    total: Array
    task: Array
    syntony: Array
    phase: Array


class SyntonicLoss:
    """L = task + lambda (1 - S) + mu C.

    Args:
        lambda_syntony: Weight lambda of what syntony lacks.
        mu_phase: Weight mu of the phase cost.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(self, lambda_syntony: float = 0.1, mu_phase: float = 0.01) -> None:
        if lambda_syntony < 0 or mu_phase < 0:
            raise ValueError(f"expected weights of at least 0, got {lambda_syntony} and {mu_phase}")
        self._lambda: Final = lambda_syntony
        self._mu: Final = mu_phase

    def __call__(self, task: A, syntony: A, phase: A | None = None) -> A:
        """Returns L of three scalars: the task's loss, a syntony in [0, 1], and a phase cost, 0 if not given."""
        total = task + (1.0 - syntony) * self._lambda
        return total if phase is None else total + phase * self._mu

    def parts(self, task: A, syntony: A, phase: A) -> LossParts:
        """Returns L and its three terms, weights included."""
        return LossParts(self(task, syntony, phase), task, (1.0 - syntony) * self._lambda, phase * self._mu)


class LayerwiseSyntonicLoss:
    """L = task + lambda sum_l phi^l (1 - S_l) / sum_l phi^l: later layers weigh more.

    Args:
        lambda_syntony: Weight lambda of what syntony lacks.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(self, lambda_syntony: float = 0.1) -> None:
        if lambda_syntony < 0:
            raise ValueError(f"expected a weight of at least 0, got {lambda_syntony}")
        self._lambda: Final = lambda_syntony

    def __call__(self, task: A, syntonies: Sequence[A]) -> A:
        """Returns L of the task's loss and the syntony of each layer, first to last, all scalars.

        Raises:
            ValueError: no layer.
        """
        if not syntonies:
            raise ValueError("expected the syntony of at least one layer, got none")
        scale = self._lambda / sum(PHI**layer for layer in range(len(syntonies)))
        for layer, syntony in enumerate(syntonies):
            task = task + (1.0 - syntony) * (scale * PHI**layer)
        return task


def entropy_syntony(logits: A) -> A:
    """Returns the mean over samples of 1 - H(softmax(logits)) / ln n, (..., n) to a scalar in [0, 1].

    An estimate for classifiers: 1 for a decided sample, 0 for an undecided one.

    Raises:
        ValueError: fewer than two classes.
    """
    classes = logits.shape[-1]
    if classes < 2:
        raise ValueError(f"the entropy of {classes} class says nothing; expected at least 2")
    p = logits.softmax()
    entropy = -(p * p.clamp(1e-30, 1.0).log()).sum(-1)
    return (1.0 - entropy * (1 / math.log(classes))).mean()
