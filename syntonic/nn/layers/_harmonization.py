"""Harmonization: a layer damps its input and draws it towards a coherent shape.

H x = x - beta (sigmoid(W x + b) - 1/2) + gamma tanh(V x + c). The 1/2 makes zero weights the identity; the formula of
the first description has no 1/2 and so shifts everything by -beta / 2: `centred=False`.
"""

from typing import Final

from syntonic.nn.layers._resonant_linear import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms


class Harmonization(Module):
    """H x = x - beta (sigmoid(W x + b) - 1/2) + gamma tanh(V x + c), without the first x where the width changes.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output; that of the input if not given.
        bias: Whether there are b and c.
        beta_scale: The factor beta.
        gamma_scale: The factor gamma.
        centred: Whether 1/2 is subtracted from the sigmoid.
        mode_norms: Norms of the features of the parameters; see `Parameter`.
        precision: Bound on the lattice coefficients of a snap.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int | None = None,
        *,
        bias: bool = True,
        beta_scale: float = 1.0,
        gamma_scale: float = 1.0,
        centred: bool = True,
        mode_norms: ModeNorms = "scaled",
        precision: int = 100,
    ) -> None:
        out_features = in_features if out_features is None else out_features
        self._adds: Final = in_features == out_features
        self._beta: Final = beta_scale
        self._gamma: Final = gamma_scale
        self._centre: Final = 0.5 if centred else 0.0

        def affine() -> ResonantLinear:
            return ResonantLinear(in_features, out_features, bias=bias, mode_norms=mode_norms, precision=precision)

        self.damping: Final = affine()
        self.coherence: Final = affine()

    def forward(self, x: A, /) -> A:
        """Returns H x: (..., in_features) to (..., out_features)."""
        damped = (self.damping(x).sigmoid() - self._centre) * self._beta
        drawn = self.coherence(x).tanh() * self._gamma
        return x - damped + drawn if self._adds else drawn - damped

    def coherence_gain(self, x: A, eps: float = 1e-8) -> A:
        """Returns (var x - var H x) / (var x + eps) over all elements, a scalar."""
        before = x.var()
        return (before - self.forward(x).var()) / (before + eps)
