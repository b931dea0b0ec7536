"""What a trainer needs of a benchmark, and how it writes down what is to be evaluated."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from syntonic._core import Graph, Objective, Symbol, Tensor
from syntonic.sn import Module

Value = TypeVar("Value", Tensor, Symbol)


class Task(Protocol):
    """What the trainer needs of a benchmark."""

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs and targets of a generation, of the same shapes in each."""
        ...

    def loss(self, outputs: Value, targets: Value) -> Value:
        """Returns the scalar to be made small."""
        ...

    def metrics(self, outputs: Value, targets: Value) -> Mapping[str, Value]:
        """Returns scalars that describe a batch."""
        ...


def trace(model: Module, benchmark: Task, inputs: Tensor, targets: Tensor) -> tuple[Objective, list[str]]:
    """Records model, loss and metrics once for batches of these shapes; returns them and the metrics' names."""
    graph = Graph([p.data for p in model.parameters()])
    x, y = graph.input(inputs.shape), graph.input(targets.shape)
    outputs = model(x)
    # The loss first: members run the program up to it, the centre runs all of it.
    loss = benchmark.loss(outputs, y)
    metrics = benchmark.metrics(outputs, y)
    return graph.objective(loss, list(metrics.values())), list(metrics)
