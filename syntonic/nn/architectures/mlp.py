"""The multilayer perceptron: affine layers with an activation between them."""

import math
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.architectures.task import Task
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import GELU, Module, ReLU, Sequential, Sigmoid, Tanh
from syntonic.sn.array import A

_ACTIVATIONS: Final[dict[str, type[Module]]] = {"relu": ReLU, "gelu": GELU, "tanh": Tanh, "sigmoid": Sigmoid}
_GAINS: Final = {"relu": math.sqrt(2), "gelu": math.sqrt(2)}


@register("model", "mlp")
class MLP(Module):
    """Hidden layers of an affine map and an activation, then an affine map to the outputs.

    Args:
        task: Shapes of the inputs, which are numbers and are flattened, and of the outputs.
        hidden: Widths of the hidden layers; none gives a linear model.
        activation: What follows each hidden layer.
        bias: Whether the affine maps have a bias.
        mode_norms: Norms of the features of each parameter: "scaled" is (3 i / d)^2, "raw" is i^2.

    Raises:
        ValueError: a width below 1, an unknown activation, another argument out of range, or a task of tokens.

    >>> model = MLP(Task((2,), (1,)), hidden=(16,))
    >>> model.initialize(seed=0)
    >>> [name for name, _ in model.named_parameters()]
    ['layers.0.weight', 'layers.0.bias', 'layers.2.weight', 'layers.2.bias']
    """

    def __init__(
        self,
        task: Task,
        *,
        hidden: Sequence[Annotated[int, Ge(1)]] = (32,),
        activation: Literal["relu", "gelu", "tanh", "sigmoid"] = "tanh",
        bias: bool = True,
        mode_norms: Literal["scaled", "raw"] = "scaled",
    ) -> None:
        if activation not in _ACTIVATIONS:
            raise ValueError(f"expected an activation of {', '.join(_ACTIVATIONS)}, got {activation!r}")
        task.refuse_tokens("an MLP")
        self._task: Final = task
        widths = [task.inputs, *hidden]
        layers: list[Module] = []
        for inputs, outputs in zip(widths, hidden, strict=False):
            gain = _GAINS.get(activation, 1.0)
            layer = ResonantLinear(inputs, outputs, bias=bias, gain=gain, mode_norms=mode_norms)
            layers += [layer, _ACTIVATIONS[activation]()]
        layers.append(ResonantLinear(widths[-1], task.outputs, bias=bias, mode_norms=mode_norms))
        self.layers: Final = Sequential(*layers)

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (batch, *input_shape) to (batch, *output_shape)."""
        return self._task.answer(self.layers(self._task.flat(x)))
