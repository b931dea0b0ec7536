"""What convolutions are for: handwritten digits as images, and MNIST-1D, signals whose class survives being moved."""

from typing import Literal

from syntonic.benchmarks import datasets
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.splits import Share, held_back
from syntonic.core.registry import register


@register("benchmark", "cnn")
class Cnn(Classification):
    """An image or a signal to 10 logits. Loss: cross-entropy. The test data is in no batch.

    `digits` is scikit-learn's 1,797 handwritten digits as images (8, 8, 1), a fifth of them for the test. `mnist1d` is
    5,000 signals (40, 1), a thousand of them for the test; its authors report .32 for a linear model, .68 for an MLP
    and .94 for a CNN, all trained by gradients.

    Args:
        seed: draws the batches.
        data: which of the two.
        batch_size: rows in a batch.
        validation: the share of the training data by which runs are chosen.
    """

    def __init__(
        self,
        seed: int,
        *,
        data: Literal["digits", "mnist1d"] = "digits",
        batch_size: BatchSize = 256,
        validation: Share = 0.0,
    ) -> None:
        train, test = datasets.digit_images() if data == "digits" else datasets.mnist1d()
        super().__init__(seed, {**held_back(train, validation), "test": test}, 10, batch_size)
        self.data_name = datasets.DIGITS if data == "digits" else ""

    def data_digest(self) -> str | None:
        """Returns the SHA-256 of scikit-learn's file; MNIST-1D is generated."""
        return datasets.digits_digest() if self.data_name else None
