"""What benchmarks that sort examples into classes have in common."""

from abc import ABC
from collections.abc import Mapping
from functools import cached_property

from syntonic._core import Tensor, sample_batch
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, commonest_class, count_cases
from syntonic.sn import functional as F
from syntonic.sn.array import A


class Classification(Standards, ABC):
    """Examples to the logits of classes. Loss: cross-entropy.

    Each generation has one batch, shared by all members: rows of the training data drawn with replacement, a pure
    function of seed and generation.

    Args:
        seed: draws the batches.
        splits: inputs (samples, *input_shape) and labels (samples,) of "train", "test" and perhaps "validation".
        classes: how many there are.
        batch_size: rows in a batch; None: all training data, in every generation.
    """

    vocabulary: int | None = None
    dtype: str = "float32"
    ceiling: Mapping[str, float] = {}

    def __init__(self, seed: int, splits: Mapping[str, Split], classes: int, batch_size: int | None) -> None:
        self._seed = seed
        self._splits = splits
        self._train, self._test = splits["train"], splits["test"]
        self._batch_size = batch_size
        self.input_shape: tuple[int, ...] = self._train[0].shape[1:]
        self.output_shape: tuple[int, ...] = (classes,)
        self.chance: Mapping[str, float] = {"accuracy": 1 / classes}

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs (batch_size, *input_shape) and labels (batch_size,)."""
        if self._batch_size is None:
            return self._train
        return sample_batch(self._train, self._seed, generation, self._batch_size)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the labels."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of rows whose largest logit is the label's."""
        return {"accuracy": F.accuracy(outputs, targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on all data of each split."""
        return evaluate_splits(self, model, self._splits)

    @cached_property
    def rules(self) -> Rules:
        """What naming the class that training has most often reaches."""
        return {"commonest class": {"accuracy": commonest_class(self._train, self._test)}}

    @cached_property
    def cases(self) -> Cases:
        """The different rows of the test data, and those that are no row of the training data."""
        return count_cases(self._train[0], self._test[0])
