"""No data at all: how fast do weights become syntonic?"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from annotated_types import Ge, Le

from syntonic._core import Tensor
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.benchmarks.standards import Cases, Rules, Standards
from syntonic.core.registry import register
from syntonic.sn.array import A


@register("benchmark", "weights")
class Weights(Standards):
    """Numbers, which are 0, to one output; the loss is 0 whatever the output, so that the score is lambda S alone.

    There is nothing to learn and no metric but the loss: what a run shows is the syntony of its weights.

    Args:
        seed: nothing depends on it.
        size: numbers of an input, and so modes of a first layer's weights.
    """

    output_shape: tuple[int, ...] = (1,)
    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {}
    ceiling: Mapping[str, float] = {}

    def __init__(self, seed: int, *, size: Annotated[int, Ge(1), Le(65536)] = 64) -> None:
        self.input_shape: tuple[int, ...] = (size,)
        self._data = Tensor.zeros((1, size)), Tensor([[0.0]])

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns the one input (1, size) and a target (1, 1) that nobody looks at."""
        return self._data

    def loss(self, outputs: A, targets: A) -> A:
        """Returns 0."""
        return (outputs * 0.0).mean()

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns nothing."""
        return {}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns the loss, 0."""
        return evaluate_splits(self, model, {"train": self._data, "test": self._data})

    @cached_property
    def rules(self) -> Rules:
        """None: there is no metric."""
        return {}

    @cached_property
    def cases(self) -> Cases:
        """One, which is the training data."""
        return Cases(1, 0)
