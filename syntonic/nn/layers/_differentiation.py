"""Differentiation: a layer adds complexity to its input.

D x = x + alpha relu(W x + b); where the width changes there is nothing to add to, and D x = alpha relu(W x + b).
"""

import math
from typing import Final

from syntonic.nn.layers._resonant_linear import ResonantLinear
from syntonic.nn.layers._syntonic_norm import SyntonicNorm
from syntonic.sn import Dropout, Module, ModuleList
from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms


class Differentiation(Module):
    """D x = x + alpha relu(W x + b), without the first x where the width changes.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output; that of the input if not given.
        bias: Whether there is a b.
        alpha_scale: The factor alpha.
        mode_norms: Norms of the features of W and b; see `Parameter`.
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
        alpha_scale: float = 1.0,
        mode_norms: ModeNorms = "scaled",
        precision: int = 100,
    ) -> None:
        out_features = in_features if out_features is None else out_features
        self._adds: Final = in_features == out_features
        self._alpha: Final = alpha_scale
        # Beside x itself the half that relu lets through is an addition; alone it has to carry the variance on.
        gain = 1.0 if self._adds else math.sqrt(2)
        self.linear: Final = ResonantLinear(
            in_features, out_features, bias=bias, gain=gain, mode_norms=mode_norms, precision=precision
        )

    def forward(self, x: A, /) -> A:
        """Returns D x: (..., in_features) to (..., out_features)."""
        grown = self.linear(x).relu() * self._alpha
        return x + grown if self._adds else grown

    def complexity_increase(self, x: A, eps: float = 1e-8) -> A:
        """Returns |D x - x| / (|x| + eps) over the whole batch, a scalar.

        Raises:
            ValueError: the layer changes the width.
        """
        if not self._adds:
            raise ValueError(f"D changes the width {x.shape[-1]}, so that D x - x has no meaning; use equal widths")
        change = (self.forward(x) - x).square().sum().sqrt()
        return change / (x.square().sum().sqrt() + eps)


class DifferentiationModule(Module):
    """Several views of the input, put side by side, mixed and added: norm(x + dropout(W concat_i relu(P_i x))).

    Args:
        d_model: Size of the last axis; `n_heads` must divide it.
        n_heads: Number of views P_i, each of d_model / n_heads features.
        dropout: Share of the mixed views that is zeroed while training.
        golden: Whether the layer norm at the end aims at variance 1 / phi instead of 1.

    Raises:
        ValueError: `n_heads` does not divide `d_model`.
    """

    def __init__(self, d_model: int, n_heads: int, *, dropout: float = 0.1, golden: bool = False) -> None:
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{n_heads} heads do not divide d_model = {d_model}; choose a divisor of it")
        width = d_model // n_heads
        self.heads: Final = ModuleList(ResonantLinear(d_model, width, gain=math.sqrt(2)) for _ in range(n_heads))
        self.out: Final = ResonantLinear(d_model, d_model)
        self.dropout: Final = Dropout(dropout)
        self.norm: Final = SyntonicNorm(d_model, golden_target=golden)

    def forward(self, x: A, /) -> A:
        """Returns the mixture of views added to x and normalised, of the same shape (..., d_model)."""
        first, *others = [head(x).relu() for head in self.heads]
        views = first.concat(others, -1) if others else first
        return self.norm(x + self.dropout(self.out(views)))
