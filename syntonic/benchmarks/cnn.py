"""What convolutions are for: handwritten digits as images, and MNIST-1D, signals whose class survives being moved."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic._core import Tensor, sample_batch
from syntonic.benchmarks import datasets
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

CLASSES: Final = 10


@register("benchmark", "cnn")
class Cnn:
    """An image or a signal to 10 logits. Loss: cross-entropy. The test data is in no batch.

    `digits` is scikit-learn's 1,797 handwritten digits as images (8, 8, 1), a fifth of them for the test. `mnist1d` is
    5,000 signals (40, 1), a thousand of them for the test; its authors report .32 for a linear model, .68 for an MLP
    and .94 for a CNN, all trained by gradients. Each generation has one batch, shared by all members: rows of the
    training data drawn with replacement, a pure function of seed and generation.

    Args:
        seed: draws the batches.
        data: which of the two.
        batch_size: rows in a batch.
    """

    output_shape: tuple[int, ...] = (CLASSES,)
    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {"accuracy": 1 / CLASSES}
    ceiling: Mapping[str, float] = {}

    def __init__(
        self,
        seed: int,
        *,
        data: Literal["digits", "mnist1d"] = "digits",
        batch_size: Annotated[int, Ge(1)] = 256,
    ) -> None:
        self._seed = seed
        self._batch_size = batch_size
        self._train, self._test = datasets.digit_images() if data == "digits" else datasets.mnist1d()
        self.input_shape: tuple[int, ...] = self._train[0].shape[1:]

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs (batch_size, *input_shape) and labels (batch_size,)."""
        return sample_batch(self._train, self._seed, generation, self._batch_size)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the labels."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of rows whose largest logit is the label's."""
        return {"accuracy": F.accuracy(outputs, targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on all training and all test data."""
        return evaluate_splits(self, model, {"train": self._train, "test": self._test})
