"""The multilayer perceptron of syntonic layers, and what it tells of its layers."""

from collections.abc import Sequence
from typing import Final, Literal

from syntonic.nn.architectures.linear import SyntonicLinear
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Identity, Module, ModuleList, Sigmoid, Tanh
from syntonic.sn.array import A

_ACTIVATIONS: Final[dict[str, type[Module]]] = {"none": Identity, "sigmoid": Sigmoid, "tanh": Tanh}


class SyntonicMLP(Module):
    """Syntonic layers in a row, then an affine map and an activation.

    Args:
        input_dim: Size of the last axis of the input.
        hidden_dims: Widths of the syntonic layers.
        output_dim: Size of the last axis of the output.
        dropout: Share of each layer's outputs that is zeroed while training.
        use_recursion: Whether the layers have a recursion block.
        output_activation: What follows the last affine map.

    Raises:
        ValueError: a size below 1, an unknown activation or another argument out of range.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        output_dim: int,
        *,
        dropout: float = 0.0,
        use_recursion: bool = True,
        output_activation: Literal["none", "sigmoid", "tanh"] = "none",
    ) -> None:
        if output_activation not in _ACTIVATIONS:
            raise ValueError(f"expected an output_activation of {', '.join(_ACTIVATIONS)}, got {output_activation!r}")
        widths = [input_dim, *hidden_dims]
        self._layers: Final = [
            SyntonicLinear(a, b, use_recursion=use_recursion, dropout=dropout)
            for a, b in zip(widths, hidden_dims, strict=False)
        ]
        self.layers: Final = ModuleList(self._layers)
        self.out: Final = ResonantLinear(widths[-1], output_dim)
        self.activation: Final = _ACTIVATIONS[output_activation]()

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (..., input_dim) to (..., output_dim)."""
        return self.activation(self.out([x, *self.intermediate_outputs(x)][-1]))

    def intermediate_outputs(self, x: A) -> list[A]:
        """Returns the outputs of each syntonic layer, first to last."""
        outputs: list[A] = []
        for layer in self._layers:
            x = layer(x)
            outputs.append(x)
        return outputs

    def layer_syntonies(self, x: A) -> list[A]:
        """Returns the operator syntony of each layer at its own input, scalars.

        Raises:
            ValueError: the layers have no recursion.
        """
        inputs = [x, *self.intermediate_outputs(x)]
        return [layer.syntony(given) for layer, given in zip(self._layers, inputs, strict=False)]
