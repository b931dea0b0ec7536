"""What a benchmark is: batches to learn from, a loss, and figures that say how good the model has become."""

from collections.abc import Mapping
from typing import Protocol

from syntonic._core import Tensor
from syntonic.benchmarks.standards import Cases, Rules
from syntonic.sn.array import A


class Model(Protocol):
    """What a benchmark needs of a model: inputs (batch, *input_shape) to outputs (batch, *output_shape)."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """Computes the outputs at once, with the centre's weights."""
        ...


class Benchmark(Protocol):
    """A learning problem. Fitness is minus `loss`, so that a larger fitness is better."""

    input_shape: tuple[int, ...]
    """One example, without the batch axis."""
    output_shape: tuple[int, ...]
    """One answer: (classes,), or (length, vocabulary) for sequences."""
    vocabulary: int | None
    """Number of tokens, which are floats that hold whole numbers; None where the inputs are numbers."""
    dtype: str
    chance: Mapping[str, float]
    """What guessing reaches, by metric: `{"accuracy": 0.5}`."""
    ceiling: Mapping[str, float]
    """What the best possible model reaches on fresh data, by metric, where that is known."""

    @property
    def rules(self) -> Rules:
        """What rules without the input's structure reach on the test data, computed: rule, metric, figure."""
        ...

    @property
    def cases(self) -> Cases:
        """How many distinct test cases there are, and how many of them training never shows."""
        ...

    data_name: str
    """What `data_digest` is of, such as a file's name; empty for data that is generated."""

    def data_digest(self) -> str | None:
        """Returns the SHA-256 of the bytes that the data was read from; None: it is generated.

        It belongs to a run's identity: with other bytes a sweep runs again, and a run does not resume.
        """
        ...

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns what all members of a generation see: inputs (batch, *input_shape) and targets.

        A pure function of the benchmark's seed and `generation`; the shapes are the same in every generation.
        """
        ...

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the scalar to be made small."""
        ...

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns scalars that describe a batch, such as its accuracy."""
        ...

    @property
    def validated(self) -> tuple[str, ...]:
        """The names of what `validate` returns; none: there is no validation data."""
        ...

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and metrics on all validation data: `val_loss` and so on. The test data is not looked at."""
        ...

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and metrics on all training and all test data: `train_loss`, `test_accuracy` and so on."""
        ...


def evaluate_splits(
    benchmark: Benchmark, model: Model, splits: Mapping[str, tuple[Tensor, Tensor]]
) -> dict[str, float]:
    """Returns the model's loss and metrics on each split, as `<split>_<metric>`."""
    report: dict[str, float] = {}
    for split, (inputs, targets) in splits.items():
        outputs = model(inputs)
        figures = {"loss": benchmark.loss(outputs, targets), **benchmark.metrics(outputs, targets)}
        report |= {f"{split}_{name}": value.item() for name, value in figures.items()}
    return report
