"""Layer norm to the golden variance.

y = gamma sqrt(T) (x - mean) / sqrt(var + eps) + beta over the features, T = 1 / phi, or 1 for the standard norm.
"""

from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.layers._scale import Scale, at_least_one, check_features
from syntonic.sn import Module
from syntonic.sn.array import A


class SyntonicNorm(Module):
    """Layer norm over the last axis to variance 1 / phi, then gamma and beta.

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
        """Returns the normalised samples, of the same shape (..., features)."""
        check_features(x, self._features)
        y = x.layer_norm(self._eps, self._variance)
        return self.scale(y) if self.scale else y
