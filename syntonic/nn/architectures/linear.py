"""The syntonic layer: an affine map, a recursion, a norm."""

from typing import Final

from syntonic.nn.layers import RecursionBlock, ResonantLinear, SyntonicNorm
from syntonic.sn import Dropout, Module, ReLU
from syntonic.sn.array import A


class SyntonicLinear(Module):
    """norm(R(W x + b)) with the recursion R = H D; without recursion norm(relu(W x + b)), the standard layer.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output.
        use_recursion: Whether there is a recursion block, or a ReLU in its place.
        dropout: Share of the outputs that is zeroed while training.
        bias: Whether the affine map has a bias.
        golden_norm: Whether the norm aims at variance 1 / phi; 1 otherwise.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        use_recursion: bool = True,
        dropout: float = 0.0,
        bias: bool = True,
        golden_norm: bool = True,
    ) -> None:
        self.linear: Final = ResonantLinear(in_features, out_features, bias=bias)
        self.recursion: Final = RecursionBlock(out_features) if use_recursion else ReLU()
        self.norm: Final = SyntonicNorm(out_features, golden_target=golden_norm)
        self.dropout: Final = Dropout(dropout)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (..., in_features) to (..., out_features)."""
        return self.dropout(self.norm(self.recursion(self.linear(x))))

    def syntony(self, x: A) -> A:
        """Returns the operator syntony of the recursion at x, a scalar.

        Raises:
            ValueError: the layer has no recursion.
        """
        if not isinstance(self.recursion, RecursionBlock):
            raise ValueError("a layer without recursion has no D and H to compare; build it with use_recursion=True")
        return self.recursion.syntony(self.linear(x))
