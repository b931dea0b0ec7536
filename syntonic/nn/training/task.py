"""What a trainer needs of a benchmark, and how it writes down what is to be evaluated."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, runtime_checkable

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


@runtime_checkable
class ByExample(Protocol):
    """What a benchmark may have besides, so that perturbed activations learn from a loss that cannot be taken apart."""

    def losses(self, outputs: Value, targets: Value) -> Value:
        """Returns the loss of each example (batch,) or position (batch, positions); their mean is made small."""
        ...


def trace(
    model: Module,
    benchmark: Task,
    inputs: Tensor,
    targets: Tensor,
    *,
    smoothing: float = 0.0,
    by_example: bool = False,
) -> tuple[Objective, list[str]]:
    """Records model, loss and metrics once for batches of these shapes; returns them and the metrics' names.

    Args:
        model: whose parameters are learnt.
        benchmark: whose loss is made small.
        inputs: of one batch.
        targets: of the same one.
        smoothing: the share of each label that is spread over all classes.
        by_example: whether the mean of the benchmark's `losses`, if it has them, stands in place of its `loss`.

    Raises:
        ValueError: smoothing, and a loss that is no cross-entropy; losses that are not one for each example.
    """
    graph = Graph([p.data for p in model.parameters()])
    x, y = graph.input(inputs.shape), graph.input(targets.shape)
    outputs = model(x)
    # The loss first: members run the program up to it, the centre runs all of it.
    if by_example and isinstance(benchmark, ByExample):
        loss = _mean(benchmark.losses(outputs, y), inputs.shape[0])
    else:
        loss = benchmark.loss(outputs, y)
    metrics = benchmark.metrics(outputs, y)
    return graph.objective(loss, list(metrics.values()), smoothing), list(metrics)


def _mean(losses: Symbol, batch: int) -> Symbol:
    if len(losses.shape) not in (1, 2) or losses.shape[0] != batch:
        raise ValueError(
            f"the benchmark's losses have shape {tuple(losses.shape)}; expected ({batch},), one for each example of "
            f"the batch, or ({batch}, positions); or leave out losses and end loss in cross_entropy, mse or a mean"
        )
    return losses.mean()
