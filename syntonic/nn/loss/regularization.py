"""Regularization: costs of the weights themselves, as values of a forward pass.

Each takes the weights as `weights_of(model, x)` returns them, so that it can be traced beside the task's loss.
"""

from collections.abc import Sequence
from typing import Final

from syntonic._core import PHI, PHI_INVERSE
from syntonic.sn import Module
from syntonic.sn.array import A


def weights_of(model: Module, beside: A) -> list[A]:
    """Returns the model's parameters as values of the same forward pass as `beside`, in order of definition."""
    return [beside.parameter(parameter.data) for parameter in model.parameters()]


def golden_decay(weights: Sequence[A]) -> A:
    """Returns sum_l phi^-l |W_l|^2: weight decay that eases with depth, a scalar.

    Raises:
        ValueError: no weights.
    """
    total = _first(weights).square().sum()
    for depth, weight in enumerate(weights[1:], start=1):
        total = total + weight.square().sum() * PHI**-depth
    return total


def golden_sparsity(x: A) -> A:
    """Returns (1 / (1 + var) - 1/phi)^2 with the variance of all elements, a scalar; zero at variance 1/phi."""
    return (1.0 / (x.var() + 1.0) - PHI_INVERSE).square()


def incoherence(weights: Sequence[A]) -> A:
    """Returns the variance of the layers' variances, a scalar; zero if all layers spread alike.

    Raises:
        ValueError: no weights.
    """
    _first(weights)
    spreads = [weight.var() for weight in weights]
    mean = spreads[0]
    for spread in spreads[1:]:
        mean = mean + spread
    mean = mean * (1 / len(spreads))
    total = (spreads[0] - mean).square()
    for spread in spreads[1:]:
        total = total + (spread - mean).square()
    return total * (1 / len(spreads))


class SyntonicRegularizer:
    """decay sum_l phi^-l |W_l|^2 + sparsity mean_l (1/(1 + var) - 1/phi)^2 + coherence var_l(var W_l).

    Args:
        decay: Weight of golden decay.
        sparsity: Weight of golden sparsity.
        coherence: Weight of incoherence.

    Raises:
        ValueError: a negative weight.
    """

    def __init__(self, decay: float = 0.01, sparsity: float = 0.001, coherence: float = 0.001) -> None:
        if min(decay, sparsity, coherence) < 0:
            raise ValueError(f"expected weights of at least 0, got {decay}, {sparsity} and {coherence}")
        self._decay: Final = decay
        self._sparsity: Final = sparsity
        self._coherence: Final = coherence

    def __call__(self, weights: Sequence[A]) -> A:
        """Returns the cost of a model's weights, a scalar.

        Raises:
            ValueError: no weights.
        """
        cost = golden_decay(weights) * self._decay + incoherence(weights) * self._coherence
        for weight in weights:
            cost = cost + golden_sparsity(weight) * (self._sparsity / len(weights))
        return cost


class SyntonyConstraint:
    """weight max(0, target - margin - S)^2: costs something while syntony is too low.

    Args:
        target: Wanted syntony, in (0, 1]; syntony never exceeds 1.
        margin: How far below the target is still free.
        weight: Weight.

    Raises:
        ValueError: unless 0 < target <= 1, 0 <= margin < target and weight >= 0.
    """

    def __init__(self, target: float = PHI_INVERSE, margin: float = 0.1, weight: float = 1.0) -> None:
        if not 0 < target <= 1 or not 0 <= margin < target or weight < 0:
            raise ValueError(
                "expected 0 < target <= 1, 0 <= margin < target and a weight of at least 0, "
                f"got {target}, {margin} and {weight}"
            )
        self._free: Final = target - margin
        self._weight: Final = weight

    def __call__(self, syntony: A) -> A:
        """Returns the cost of a syntony, a scalar."""
        return (self._free - syntony).relu().square() * self._weight


def _first(weights: Sequence[A]) -> A:
    if not weights:
        raise ValueError("expected the weights of at least one layer, got none; has the model parameters?")
    return weights[0]
