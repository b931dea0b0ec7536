"""Digits: 1,797 real handwritten digits, ten classes."""

from collections.abc import Mapping
from typing import Annotated, Final

from annotated_types import Ge

from syntonic._core import Tensor, sample_batch
from syntonic.benchmarks import datasets
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

CLASSES: Final = 10


@register("benchmark", "digits")
class Digits:
    """64 pixels to 10 logits. Loss: cross-entropy. Test data: 360 digits that no batch contains.

    Each generation has one batch, shared by all members: rows of the training data drawn with replacement, a pure
    function of seed and generation. The split between training and test data does not depend on the seed.

    Args:
        seed: draws the batches.
        batch_size: rows in a batch.
    """

    input_shape: tuple[int, ...] = (64,)
    output_shape: tuple[int, ...] = (CLASSES,)
    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {"accuracy": 1 / CLASSES}
    ceiling: Mapping[str, float] = {}

    def __init__(self, seed: int, *, batch_size: Annotated[int, Ge(1)] = 256) -> None:
        self._seed = seed
        self._batch_size = batch_size
        self._train, self._test = datasets.digits()

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs (batch_size, 64) and labels (batch_size,)."""
        return sample_batch(self._train, self._seed, generation, self._batch_size)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the labels."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of digits whose largest logit is the label's."""
        return {"accuracy": F.accuracy(outputs, targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on all training and all test digits."""
        return evaluate_splits(self, model, {"train": self._train, "test": self._test})
