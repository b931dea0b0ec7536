"""Golden sequences: what comes after numbers of which each is the sum of the two before it?"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final

from annotated_types import Ge, Le

from syntonic._core import PHI, Tensor
from syntonic.benchmarks import points
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.benchmarks.limits import Noise
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, count_cases
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

SHARE: Final = 0.2
"""Of all samples for the test, and as many for the validation."""


@register("benchmark", "golden")
class Golden(Standards):
    """`length` numbers to the next one. Loss: mean squared error. See `make_golden_sequence`.

    Three fifths of the samples are for training and the batch of every generation, a fifth for validation, a fifth for
    the test; the seed draws samples and split. Simple rules name the mean of training, or phi times the last number.

    Args:
        seed: draws samples and split.
        samples: in all.
        length: numbers of a sequence.
        noise: standard deviation of what is added to each number.
    """

    output_shape: tuple[int, ...] = (1,)
    vocabulary: int | None = None
    dtype: str = "float32"
    ceiling: Mapping[str, float] = {}

    def __init__(
        self,
        seed: int,
        *,
        samples: Annotated[int, Ge(20), Le(1_000_000)] = 1000,
        length: Annotated[int, Ge(2), Le(1000)] = 8,
        noise: Noise = 0.01,
    ) -> None:
        x, y = points.make_golden_sequence(samples, length, noise, seed)
        rest, test, rest_next, test_next = points.train_test_split(x, y, SHARE, seed)
        share = SHARE / (1 - SHARE)
        train, validation, train_next, validation_next = points.train_test_split(rest, rest_next, share, seed)
        self.input_shape: tuple[int, ...] = (length,)
        self._splits = {
            "train": _split(train, train_next),
            "validation": _split(validation, validation_next),
            "test": _split(test, test_next),
        }
        self._numbers = (train_next, test, test_next)
        self.chance: Mapping[str, float] = {"rmse": _rmse([0.0] * len(test_next), test_next)}

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns all training sequences (samples, length) and what comes next (samples, 1)."""
        return self._splits["train"]

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean squared error."""
        return F.mse_loss(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the root of the mean squared error."""
        return {"rmse": F.sqrt(F.mse_loss(outputs, targets))}

    @property
    def validated(self) -> tuple[str, ...]:
        """Loss and error."""
        return "val_loss", "val_rmse"

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and error on all validation data."""
        return evaluate_splits(self, model, {"val": self._splits["validation"]})

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and error on all data of each split."""
        return evaluate_splits(self, model, self._splits)

    @cached_property
    def rules(self) -> Rules:
        """What the mean of training, and phi times the last number, reach."""
        known, asked, right = self._numbers
        mean = math.fsum(known) / len(known)
        return {
            "mean of training": {"rmse": _rmse([mean] * len(right), right)},
            "last number times phi": {"rmse": _rmse([PHI * sequence[-1] for sequence in asked], right)},
        }

    @cached_property
    def cases(self) -> Cases:
        """The different test sequences, and those that are not among the training sequences."""
        return count_cases(self._splits["train"][0], self._splits["test"][0])


def _split(x: points.Points, y: list[float]) -> Split:
    return Tensor(x), Tensor([[value] for value in y])


def _rmse(named: list[float], right: list[float]) -> float:
    return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(named, right, strict=True)) / len(right))
