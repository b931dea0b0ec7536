"""Normalisation to the golden variance 1 / phi: over features, over the batch, and by depth of recursion.

y = gamma sqrt(T) (x - mean) / sqrt(var + eps) + beta with the target variance T = 1 / phi, or 1 for the standard one.
"""

from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.sn import Module, ModuleList, Parameter
from syntonic.sn.array import A


class Scale(Module):
    """x * gamma + beta over the last axis; gamma starts at one, beta at zero."""

    def __init__(self, features: int) -> None:
        self.gamma: Final = Parameter((features,), init="ones")
        self.beta: Final = Parameter((features,), init="zeros")

    def forward(self, x: A, /) -> A:
        """Returns x * gamma + beta, of the same shape."""
        return x.affine(self.gamma.data, self.beta.data)


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
        self._features: Final = _checked(features)
        self._eps: Final = eps
        self._variance: Final = PHI_INVERSE if golden_target else 1.0
        self.scale: Final = Scale(features) if affine else None

    def forward(self, x: A, /) -> A:
        """Returns the normalised samples, of the same shape (..., features)."""
        _check(x, self._features)
        y = x.layer_norm(self._eps, self._variance)
        return self.scale(y) if self.scale else y


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
        self._features: Final = _checked(features)
        self._eps: Final = eps
        self._variance: Final = PHI_INVERSE if golden_target else 1.0
        self.scale: Final = Scale(features) if affine else None

    def forward(self, x: A, /) -> A:
        """Returns the normalised batch, of the same shape (batch, ..., features)."""
        _check(x, self._features)
        y = x.batch_norm(self._eps, self._variance)
        return self.scale(y) if self.scale else y


class RecursionLayerNorm(Module):
    """Layer norm whose scale shrinks with the depth d of the recursion: LN(x) gamma_d phi^-d + beta_d.

    Args:
        features: Size of the last axis.
        n_recursions: Number of depths, each with a gamma and beta of its own.
        eps: Added to the variance.

    Raises:
        ValueError: fewer than one feature or recursion.
    """

    def __init__(self, features: int, n_recursions: int = 4, *, eps: float = 1e-5) -> None:
        if n_recursions < 1:
            raise ValueError(f"expected at least one recursion, got {n_recursions}")
        self._features: Final = _checked(features)
        self._eps: Final = eps
        self.scales: Final = ModuleList(Scale(features) for _ in range(n_recursions))

    def forward(self, x: A, /, depth: int = 0) -> A:
        """Returns the samples normalised for a depth, of the same shape (..., features).

        Raises:
            ValueError: no such depth, or another number of features.
        """
        _check(x, self._features)
        if not 0 <= depth < len(self.scales):
            raise ValueError(f"expected a depth of 0 to {len(self.scales) - 1}, got {depth}")
        return self.scales[depth](x.layer_norm(self._eps, 1.0) * PHI_INVERSE**depth)


def _checked(features: int) -> int:
    if features < 1:
        raise ValueError(f"expected at least one feature, got {features}")
    return features


def _check(x: A, features: int) -> None:
    if x.shape[-1:] != (features,):
        raise ValueError(f"expected {features} features on the last axis, got shape {x.shape}")
