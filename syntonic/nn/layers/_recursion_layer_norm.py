"""Layer norm for each depth of a recursion: its scale shrinks as phi^-depth."""

from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.layers._scale import Scale, at_least_one, check_features
from syntonic.sn import Module, ModuleList
from syntonic.sn.array import A


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
        self._features: Final = at_least_one(features)
        self._eps: Final = eps
        self.scales: Final = ModuleList(Scale(features) for _ in range(n_recursions))

    def forward(self, x: A, /, depth: int = 0) -> A:
        """Returns the samples normalised for a depth, of the same shape (..., features).

        Raises:
            ValueError: no such depth, or another number of features.
        """
        check_features(x, self._features)
        if not 0 <= depth < len(self.scales):
            raise ValueError(f"expected a depth of 0 to {len(self.scales) - 1}, got {depth}")
        return self.scales[depth](x.layer_norm(self._eps, 1.0) * PHI_INVERSE**depth)
