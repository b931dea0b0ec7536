"""The multilayer perceptron: affine layers with an activation between them."""

import math
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import GELU, Module, ReLU, Sequential, Sigmoid, Tanh
from syntonic.sn.array import A

_ACTIVATIONS: Final[dict[str, type[Module]]] = {"relu": ReLU, "gelu": GELU, "tanh": Tanh, "sigmoid": Sigmoid}
_GAINS: Final = {"relu": math.sqrt(2), "gelu": math.sqrt(2)}


@register("model", "mlp")
class MLP(Module):
    """Hidden layers of an affine map and an activation, then an affine map to the outputs.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output.
        hidden: Widths of the hidden layers; none gives a linear model.
        activation: What follows each hidden layer.
        bias: Whether the affine maps have a bias.
        mode_norms: Norms of the features of each parameter: "scaled" is (3 i / d)^2, "raw" is i^2.

    Raises:
        ValueError: a width below 1, an unknown activation or another argument out of range.

    >>> model = MLP(2, 1, hidden=(16,))
    >>> model.initialize(seed=0)
    >>> [name for name, _ in model.named_parameters()]
    ['layers.0.weight', 'layers.0.bias', 'layers.2.weight', 'layers.2.bias']
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        hidden: Sequence[Annotated[int, Ge(1)]] = (32,),
        activation: Literal["relu", "gelu", "tanh", "sigmoid"] = "tanh",
        bias: bool = True,
        mode_norms: Literal["scaled", "raw"] = "scaled",
    ) -> None:
        if activation not in _ACTIVATIONS:
            raise ValueError(f"expected an activation of {', '.join(_ACTIVATIONS)}, got {activation!r}")
        widths = [in_features, *hidden]
        layers: list[Module] = []
        for inputs, outputs in zip(widths, hidden, strict=False):
            gain = _GAINS.get(activation, 1.0)
            layer = ResonantLinear(inputs, outputs, bias=bias, gain=gain, mode_norms=mode_norms)
            layers += [layer, _ACTIVATIONS[activation]()]
        layers.append(ResonantLinear(widths[-1], out_features, bias=bias, mode_norms=mode_norms))
        self.layers: Final = Sequential(*layers)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, in_features) to (batch, out_features)."""
        return self.layers(x)
