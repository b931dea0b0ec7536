"""What benchmarks that sort examples into classes have in common."""

from abc import ABC
from collections.abc import Mapping

from syntonic.benchmarks.answers import Classes
from syntonic.benchmarks.standards import Split
from syntonic.benchmarks.supervised import Supervised


class Classification(Supervised, ABC):
    """Examples to the logits of classes, which are called 0, 1, and so on. Loss: cross-entropy.

    Args:
        seed: draws the batches.
        splits: inputs (samples, *input_shape) and labels (samples,) of "train", "test" and perhaps "validation".
        classes: how many there are.
        batch_size: rows in a batch; None: all training data, in every generation.
    """

    def __init__(self, seed: int, splits: Mapping[str, Split], classes: int, batch_size: int | None) -> None:
        super().__init__(seed, splits, Classes(tuple(map(str, range(classes)))), batch_size)
