"""Batch norm to the golden variance.

y = gamma sqrt(T) (x - mean) / sqrt(var + eps) + beta over the batch, T = 1 / phi, or 1 for the standard norm.
"""

from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.layers._scale import Scale, at_least_one, check_features
from syntonic.sn import Module
from syntonic.sn.array import A


class GoldenNorm(Module):
    """Batch norm to variance 1 / phi: over all axes but the last, for each feature; then gamma and beta.

    Mean and variance are those of the batch at hand, of each member of the population its own, while training and after
    `eval` alike. There are no running averages: a member lives for one generation, and the centre that is evaluated
    never saw a batch. So the result is deterministic and depends on the whole batch: evaluate with large batches.

    Args:
        features: Size of the last axis.
        eps: Added to the variance.
        affine: Whether there are gamma and beta.
        golden_target: Whether the target variance is 1 / phi; 1 otherwise.

    Raises:
        ValueError: fewer than one feature; `forward`: another number of features.
    """

    def __init__(self, features: int, *, eps: float = 1e-5, affine: bool = True, golden_target: bool = True) -> None:
        self._features: Final = at_least_one(features)
        self._eps: Final = eps
        self._variance: Final = PHI_INVERSE if golden_target else 1.0
        self.scale: Final = Scale(features) if affine else None

    def forward(self, x: A, /) -> A:
        """Returns the normalised batch, of the same shape (batch, ..., features)."""
        check_features(x, self._features)
        y = x.batch_norm(self._eps, self._variance)
        return self.scale(y) if self.scale else y
