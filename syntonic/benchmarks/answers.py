"""What is asked of an example, its class or a number: loss, metrics, and what simple rules reach."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syntonic.benchmarks.standards import Rules, Split, commonest_class
from syntonic.sn import functional as F
from syntonic.sn.array import A


class Answers(Protocol):
    """A kind of answers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one answer."""
        ...

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of the metrics."""
        ...

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean loss of a batch."""
        ...

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns scalars that describe a batch."""
        ...

    def joined(self, loss: float, means: Mapping[str, float]) -> dict[str, float]:
        """Returns the metrics of all examples from the mean loss, and from the means over batches of the metrics."""
        ...

    def chance(self, train: Split, judged: Split) -> Mapping[str, float]:
        """Returns what guessing reaches."""
        ...

    def rules(self, train: Split, judged: Split) -> Rules:
        """Returns what rules that do not look at the example reach."""
        ...

    def balance(self, targets: Sequence[float]) -> str:
        """Returns what there is of each answer, for people."""
        ...


@dataclass(frozen=True)
class Classes:
    """One of several classes; outputs are logits (classes,), targets their numbers. Loss: cross-entropy.

    Attributes:
        names: of the classes.
    """

    names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """A logit for each class."""
        return (len(self.names),)

    @property
    def measured(self) -> tuple[str, ...]:
        """The accuracy."""
        return ("accuracy",)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the labels."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of rows whose largest logit is the label's."""
        return {"accuracy": F.accuracy(outputs, targets)}

    def joined(self, loss: float, means: Mapping[str, float]) -> dict[str, float]:
        """Returns the means: each row counts as much as another."""
        return dict(means)

    def chance(self, train: Split, judged: Split) -> Mapping[str, float]:
        """Returns the accuracy of drawing a class."""
        return {"accuracy": 1 / len(self.names)}

    def rules(self, train: Split, judged: Split) -> Rules:
        """Returns the accuracy of naming the class that training has most often."""
        return {"commonest class": {"accuracy": commonest_class(train, judged)}}

    def balance(self, targets: Sequence[float]) -> str:
        """Returns how many rows each class has, of many classes the most and the fewest."""
        counts = [0] * len(self.names)
        for label in targets:
            counts[int(label)] += 1
        if len(counts) > 12:
            return f"{len(counts)} classes of {min(counts):,} to {max(counts):,} rows"
        return ", ".join(f"{name} {count:,}" for name, count in zip(self.names, counts, strict=True))


@dataclass(frozen=True)
class Numbers:
    """A number, scaled to mean 0 and deviation 1 on training data. Loss: mean squared error of what is scaled.

    Attributes:
        mean: of the numbers, in their own unit.
        scale: their standard deviation.
    """

    mean: float
    scale: float

    @property
    def shape(self) -> tuple[int, ...]:
        """One number."""
        return (1,)

    @property
    def measured(self) -> tuple[str, ...]:
        """The root of the mean squared error."""
        return ("rmse",)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean squared error."""
        return F.mse_loss(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the root of the mean squared error, in the unit of the numbers."""
        return {"rmse": F.sqrt(F.mse_loss(outputs, targets)) * self.scale}

    def joined(self, loss: float, means: Mapping[str, float]) -> dict[str, float]:
        """Returns the root of the mean over all rows."""
        return {"rmse": math.sqrt(loss) * self.scale}

    def chance(self, train: Split, judged: Split) -> Mapping[str, float]:
        """Returns the error of naming the mean of training."""
        return self.rules(train, judged)["mean of training"]

    def rules(self, train: Split, judged: Split) -> Rules:
        """Returns the error of naming the mean of training, which is 0 once it is scaled."""
        squares = [value * value for value in judged[1].reshape((judged[1].size,)).tolist()]
        return {"mean of training": {"rmse": math.sqrt(math.fsum(squares) / len(squares)) * self.scale}}

    def balance(self, targets: Sequence[float]) -> str:
        """Returns the range, in the unit of the numbers."""
        low, high = min(targets) * self.scale + self.mean, max(targets) * self.scale + self.mean
        return f"{low:.6g} to {high:.6g}"
