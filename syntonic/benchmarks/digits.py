"""Digits: 1,797 real handwritten digits, ten classes."""

from syntonic.benchmarks import datasets
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.splits import Share, held_back
from syntonic.core.registry import register


@register("benchmark", "digits")
class Digits(Classification):
    """64 pixels to 10 logits. Loss: cross-entropy. Test data: 360 digits that no batch contains.

    The split between training and test data does not depend on the seed.

    Args:
        seed: draws the batches.
        batch_size: rows in a batch.
        validation: the share of the training data by which runs are chosen.
    """

    def __init__(self, seed: int, *, batch_size: BatchSize = 256, validation: Share = 0.0) -> None:
        train, test = datasets.digits()
        self.data_name = datasets.DIGITS
        super().__init__(seed, {**held_back(train, validation), "test": test}, 10, batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of scikit-learn's file."""
        return datasets.digits_digest()
