"""The affine layer: y = x W^T + b with weights that live on the golden lattice."""

from typing import Final

from syntonic.sn import Module, Parameter, functional
from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms


class ResonantLinear(Module):
    """y = x W^T + b, W of shape (out_features, in_features), b of shape (out_features,).

    W starts normal with standard deviation gain / sqrt(in_features), b at zero.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output.
        bias: Whether there is a b.
        gain: Scale of the first weights: sqrt(2) before ReLU and GELU, 1 otherwise.
        mode_norms: Norms of the features of W and b; see `Parameter`.
        precision: Bound on the lattice coefficients of a snap.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        gain: float = 1.0,
        mode_norms: ModeNorms = "scaled",
        precision: int = 100,
    ) -> None:
        if in_features < 1 or out_features < 1:
            raise ValueError(f"expected sizes of at least 1, got {in_features} to {out_features} features")
        self.weight: Final = Parameter(
            (out_features, in_features), gain=gain, mode_norms=mode_norms, precision=precision
        )
        # Norms of one's own belong to the inputs; b has one value for each output.
        of_bias: ModeNorms = mode_norms if isinstance(mode_norms, str) else "scaled"
        self.bias: Final = (
            Parameter((out_features,), init="zeros", mode_norms=of_bias, precision=precision) if bias else None
        )

    def forward(self, x: A, /) -> A:
        """Returns x W^T + b: (..., in_features) to (..., out_features)."""
        return functional.linear(x, self.weight.data, self.bias.data if self.bias else None)
