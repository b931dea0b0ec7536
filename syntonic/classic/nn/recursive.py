"""The recursive network of the documents: every layer multiplies by phi and cuts off what is small.

input   W[i, j] = e^(-|i - j| / phi)
layer   x <- relu(cut(phi (x V^T))),  V = e^(-i / phi) over the row-major place i,  cut: what lies below q / 248 is zero
output  U = 1 / sqrt(hidden)

These are first values; they are the same for every seed, and training changes them. Those of a layer die out within its
first row, so that all that it passes on to begin with is its first feature.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from syntonic._core import PHI, Q_DEFICIT, Tensor
from syntonic.classic.nn.batch import of_task
from syntonic.nn import architectures
from syntonic.sn import Module, ModuleList, Parameter
from syntonic.sn.array import A

CUT: Final = Q_DEFICIT / 248
_STEEP: Final = 1e12


class Shaped(Parameter):
    """A matrix whose first values are a function of row and column, whatever the seed."""

    def __init__(self, rows: int, columns: int, value: Callable[[int, int], float]) -> None:
        super().__init__((rows, columns))
        self._value: Final = value

    def initialize(self, seed: int, index: int) -> None:
        """Gives the matrix its first values."""
        super().initialize(seed, index)
        rows, columns = self.shape
        values = [[self._value(i, j) for j in range(columns)] for i in range(rows)]
        self.data.set_flux(Tensor(values, dtype="float64"))


class RecursiveLayer(Module):
    """relu(cut(phi (x V^T))) with a square V.

    Args:
        features: Size of the last axis.

    Raises:
        ValueError: fewer than one feature.
    """

    def __init__(self, features: int) -> None:
        self.weight: Final = Shaped(features, features, lambda i, j: math.exp(-(i * features + j) / PHI))

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (..., features), unchanged in shape."""
        y = x.linear(self.weight.data) * PHI
        return (y * ((y - CUT) * _STEEP).clamp(0.0, 1.0)).relu()


class PureResonantTransformer(Module):
    """Recursive layers between two linear maps.

    With a `Task` as the first argument it is the model of a run, `Transformer`.

    Args:
        input_dim: Size of the last axis of the input.
        hidden_dim: Width of the layers.
        output_dim: Size of the last axis of the output.
        n_layers: Number of layers.

    Raises:
        ValueError: a size below 1.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the model, or that of a run for a task."""
        return of_task(architectures.Transformer, given, named) or super().__new__(cls)

    def __init__(self, input_dim: int = 64, hidden_dim: int = 64, output_dim: int = 10, n_layers: int = 3) -> None:
        sizes = {"input_dim": input_dim, "hidden_dim": hidden_dim, "output_dim": output_dim, "n_layers": n_layers}
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"expected {name} of at least 1, got {size}")
        self.inlet: Final = Shaped(hidden_dim, input_dim, lambda i, j: math.exp(-abs(i - j) / PHI))
        self.layers: Final = ModuleList(RecursiveLayer(hidden_dim) for _ in range(n_layers))
        self.out: Final = Shaped(output_dim, hidden_dim, lambda i, j: 1 / math.sqrt(hidden_dim))

    def forward(self, x: A, /) -> A:
        """Returns the outputs: (..., input_dim) to (..., output_dim)."""
        y = x.linear(self.inlet.data)
        for layer in self.layers:
            y = layer(y)
        return y.linear(self.out.data)
