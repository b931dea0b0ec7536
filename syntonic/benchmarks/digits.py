"""Digits: 1,797 real handwritten digits, ten classes."""

from syntonic.benchmarks import datasets
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize
from syntonic.core.registry import register


@register("benchmark", "digits")
class Digits(Classification):
    """64 pixels to 10 logits. Loss: cross-entropy. Test data: 360 digits that no batch contains.

    The split between training and test data does not depend on the seed.

    Args:
        seed: draws the batches.
        batch_size: rows in a batch.
    """

    def __init__(self, seed: int, *, batch_size: BatchSize = 256) -> None:
        train, test = datasets.digits()
        self.data_name = datasets.DIGITS
        super().__init__(seed, {"train": train, "test": test}, 10, batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of scikit-learn's file."""
        return datasets.digits_digest()
