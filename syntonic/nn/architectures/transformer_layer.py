"""The layer of a transformer, pre-norm, with golden residuals; and a stack of them.

x <- x + attention(norm x) / phi
x <- x + W2 gelu(W1 norm x) / phi
"""

from dataclasses import dataclass
from typing import Final, Literal

from syntonic.nn.architectures.attention import MultiHeadAttention, Softmax
from syntonic.nn.architectures.golden_cone import GoldenConeAttention
from syntonic.nn.layers import ResonantLinear, SyntonicNorm
from syntonic.sn import Dropout, Module, ModuleList, Sequential
from syntonic.sn.array import A

Residual = Literal["phi", "phi_symmetric", "standard"]
Norm = Literal["golden", "standard"]
Attention = Literal["standard", "cone"]


@dataclass(frozen=True)
class Ablations:
    """What a transformer layer is made of.

    Attributes:
        residual: "phi" adds a part divided by phi, "standard" adds it, "phi_symmetric" divides the sum by phi.
        norm: Whether layer norms aim at variance 1 / phi ("golden") or 1.
        softmax: Which softmax attention uses; see `SyntonicAttention`.
        attention: "standard" mixes positions; "cone" reads each for itself; see `GoldenConeAttention`.
        causal: Whether a position sees itself and earlier ones only.
        dropout: Share of each part's outputs that is zeroed while training.
        affine_norm: Whether layer norms have gamma and beta.
    """

    residual: Residual = "phi"
    norm: Norm = "standard"
    softmax: Softmax = "standard"
    attention: Attention = "standard"
    causal: bool = False
    dropout: float = 0.0
    affine_norm: bool = False

    def make_norm(self, features: int) -> SyntonicNorm:
        """Returns a layer norm of this kind."""
        return SyntonicNorm(features, affine=self.affine_norm, golden_target=self.norm == "golden")


class TransformerLayer(Module):
    """Attention and a feed-forward part, each after a norm and added to what came in.

    Args:
        d_model: Size of the last axis.
        heads: Number of heads; a divisor of `d_model`.
        d_ff: Width of the feed-forward part; 2 d_model if not given.
        ablations: What the layer is made of.

    Raises:
        ValueError: a size below 1, or heads that do not divide `d_model`.
    """

    def __init__(
        self, d_model: int, heads: int, d_ff: int | None = None, *, ablations: Ablations | None = None
    ) -> None:
        made_of = ablations or Ablations()
        d_ff = 2 * d_model if d_ff is None else d_ff
        self._residual: Final = made_of.residual
        self.attention_norm: Final = made_of.make_norm(d_model)
        self.attention: Final = (
            MultiHeadAttention(d_model, heads, causal=made_of.causal, softmax=made_of.softmax)
            if made_of.attention == "standard"
            else Sequential(GoldenConeAttention(d_model), ResonantLinear(d_model, d_model, bias=False))
        )
        self.attention_dropout: Final = Dropout(made_of.dropout)
        self.feed_norm: Final = made_of.make_norm(d_model)
        self.feed_in: Final = ResonantLinear(d_model, d_ff, bias=False)
        self.feed_out: Final = ResonantLinear(d_ff, d_model, bias=False)
        self.feed_dropout: Final = Dropout(made_of.dropout)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the layer's outputs: (batch, length, d_model), unchanged in shape.

        `key_mask` is (batch, length): 1 for positions to be seen, 0 for those to be ignored.
        """
        normed = self.attention_norm(x)
        if isinstance(self.attention, MultiHeadAttention):
            taken = self.attention.forward(normed, key_mask)
        else:  # the cone reads each position for itself, so that it has nothing to ignore
            taken = self.attention(normed)
        x = x.phi_residual(self.attention_dropout(taken), self._residual)
        fed = self.feed_out(self.feed_in(self.feed_norm(x)).gelu())
        return x.phi_residual(self.feed_dropout(fed), self._residual)


class TransformerEncoder(Module):
    """Transformer layers in a row and a norm.

    Args:
        d_model: Size of the last axis.
        heads: Number of heads; a divisor of `d_model`.
        layers: Number of layers.
        d_ff: Width of the feed-forward parts; 2 d_model if not given.
        ablations: What the layers are made of.

    Raises:
        ValueError: a size below 1, or heads that do not divide `d_model`.
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        layers: int,
        d_ff: int | None = None,
        *,
        ablations: Ablations | None = None,
    ) -> None:
        if layers < 1:
            raise ValueError(f"expected at least one layer, got {layers}")
        self._layers: Final = [TransformerLayer(d_model, heads, d_ff, ablations=ablations) for _ in range(layers)]
        self.layers: Final = ModuleList(self._layers)
        self.norm: Final = (ablations or Ablations()).make_norm(d_model)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the normalised outputs of the last layer: (batch, length, d_model), unchanged in shape.

        `key_mask` is (batch, length): 1 for positions to be seen, 0 for those to be ignored.
        """
        for layer in self._layers:
            x = layer.forward(x, key_mask)
        return self.norm(x)
