"""What benchmarks of given examples have in common: batches drawn from training data, splits that judge the centre."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from syntonic._core import Tensor, sample_batch
from syntonic.benchmarks.answers import Answers
from syntonic.benchmarks.base import Model
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, count_cases
from syntonic.sn.array import A

AT_ONCE: Final = 2**22
"""Numbers of inputs that are judged together, which bounds the memory of a model's activations."""


class Supervised(Standards):
    """Examples to answers.

    Each generation has one batch, shared by all members: rows of the training data drawn with replacement, a pure
    function of seed and generation.

    Args:
        seed: draws the batches.
        splits: inputs (samples, *input_shape) and targets (samples, ...) of "train", "test" and perhaps "validation".
        answers: what is asked.
        batch_size: rows in a batch; None: all training data, in every generation.
    """

    vocabulary: int | None = None
    dtype: str = "float32"
    ceiling: Mapping[str, float] = {}

    def __init__(self, seed: int, splits: Mapping[str, Split], answers: Answers, batch_size: int | None) -> None:
        self._seed = seed
        self._splits = splits
        self._train, self._test = splits["train"], splits["test"]
        self._answers = answers
        self._batch_size = batch_size
        self.input_shape: tuple[int, ...] = self._train[0].shape[1:]
        self.output_shape: tuple[int, ...] = answers.shape

    @property
    def answers(self) -> Answers:
        """What is asked."""
        return self._answers

    @property
    def test(self) -> Split:
        """Inputs (samples, *input_shape) and targets (samples, ...) of the test data."""
        return self._test

    @cached_property
    def chance(self) -> Mapping[str, float]:
        """What guessing reaches on the test data."""
        return self._answers.chance(self._train, self._test)

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs (batch_size, *input_shape) and targets (batch_size, ...)."""
        if self._batch_size is None:
            return self._train
        return sample_batch(self._train, self._seed, generation, self._batch_size)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean loss of the answers."""
        return self._answers.loss(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns scalars that describe a batch."""
        return self._answers.metrics(outputs, targets)

    @property
    def validated(self) -> tuple[str, ...]:
        """The names of what `validate` returns."""
        names = ("loss", *self._answers.measured) if "validation" in self._splits else ()
        return tuple(f"val_{name}" for name in names)

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and metrics on all validation data."""
        return self._judged(model, {"val": self._splits["validation"]}) if self.validated else {}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and metrics on all data of each split."""
        return self._judged(model, self._splits)

    def describe(self) -> list[str]:
        """Returns what the data is, a line for each split: rows, and what there is of each answer."""
        shape = " x ".join(map(str, self.input_shape))
        lines = [f"inputs {shape}, outputs {' x '.join(map(str, self.output_shape))}"]
        for name, (_, targets) in self._splits.items():
            values: Sequence[float] = memoryview(targets.reshape((targets.size,)))
            lines.append(f"{name} {targets.shape[0]:,} rows: {self._answers.balance(values)}")
        return lines

    def _judged(self, model: Model, splits: Mapping[str, Split]) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, split in splits.items():
            found |= {f"{name}_{metric}": value for metric, value in self._figures(model, split).items()}
        return found

    def _figures(self, model: Model, split: Split) -> dict[str, float]:
        inputs, targets = split
        rows, parts = inputs.shape[0], list[tuple[int, dict[str, float]]]()
        at_once = max(1, AT_ONCE * rows // inputs.size)
        for first in range(0, rows, at_once):
            count = min(at_once, rows - first)
            x, y = (inputs, targets) if count == rows else (t.narrow(0, first, count) for t in split)
            outputs = model(x)
            figures = {"loss": self.loss(outputs, y), **self.metrics(outputs, y)}
            parts.append((count, {metric: value.item() for metric, value in figures.items()}))
        if len(parts) == 1:
            return parts[0][1]
        means = {metric: sum(count * part[metric] for count, part in parts) / rows for metric in parts[0][1]}
        loss = means.pop("loss")
        return {"loss": loss, **self._answers.joined(loss, means)}

    @cached_property
    def rules(self) -> Rules:
        """What rules that do not look at the example reach on the test data."""
        return self._answers.rules(self._train, self._test)

    @cached_property
    def cases(self) -> Cases:
        """The different rows of the test data, and those that are no row of the training data."""
        return count_cases(self._train[0], self._test[0])
