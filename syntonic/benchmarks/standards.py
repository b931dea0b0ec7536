"""What a result is held against: simple rules that need no model, and how many test cases are really new."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from syntonic._core import Tensor

T = TypeVar("T")
Split = tuple[Tensor, Tensor]
"""Inputs (samples, ...) and targets (samples, ...)."""
Rules = Mapping[str, Mapping[str, float]]
"""Figures on the test data, by the name of the rule and by metric: `{"commonest class": {"accuracy": 0.5}}`."""
LARGER_IS_BETTER: Final = "accuracy"


@dataclass(frozen=True)
class Cases:
    """How many test cases there are.

    Attributes:
        distinct: different test inputs.
        unseen: how many of them training never shows, nor any input that only a symmetry of the task tells apart: a
            change of the input that leaves the answer as it is, such as swapping the numbers of a sum.
    """

    distinct: int
    unseen: int


class Standards:
    """What every benchmark has beside its metrics.

    A subclass names `rules` and `cases`. Both may be slow; they are computed once, when they are asked for.
    """

    data_name: str = ""
    """What `data_digest` is of: a file's name."""

    def data_digest(self) -> str | None:
        """Returns the SHA-256 of the bytes that the data was read from; None: it is generated."""
        return None

    @property
    def validated(self) -> tuple[str, ...]:
        """The names of what `validate` returns; none: there is no validation data."""
        return ()

    def validate(self, model: Callable[[Tensor], Tensor]) -> dict[str, float]:
        """Returns loss and metrics on validation data, as `val_<metric>`: what centres and runs are chosen by."""
        return {}

    @cached_property
    def rules(self) -> Rules:
        """What simple rules reach on the test data, by rule and by metric."""
        raise NotImplementedError

    @cached_property
    def cases(self) -> Cases:
        """How many test cases there are, and how many of them are new."""
        raise NotImplementedError

    @property
    def baseline(self) -> Mapping[str, float]:
        """What the best simple rule reaches on the test data, by metric."""
        return {metric: value for metric, (_, value) in best(self.rules).items()}


@dataclass(frozen=True)
class Held:
    """The standards of one benchmark as plain data; what a benchmark does not name is empty.

    Attributes:
        chance, ceiling: as `Benchmark` has them.
        rules: what simple rules reach.
        cases: of the test data; None: not counted.
    """

    chance: Mapping[str, float] = field(default_factory=dict)
    rules: Rules = field(default_factory=dict)
    ceiling: Mapping[str, float] = field(default_factory=dict)
    cases: Cases | None = None

    @classmethod
    def of(cls, benchmark: object) -> "Held":
        """Reads the standards of a benchmark, which may be anyone's."""
        return cls(
            getattr(benchmark, "chance", {}),
            getattr(benchmark, "rules", {}),
            getattr(benchmark, "ceiling", {}),
            getattr(benchmark, "cases", None),
        )


def best(rules: Rules) -> dict[str, tuple[str, float]]:
    """Returns the best rule and its figure by metric; of an accuracy the largest is best, of anything else the least.

    >>> best({"unigram": {"bits_per_byte": 4.7}, "bigram": {"bits_per_byte": 3.6}})
    {'bits_per_byte': ('bigram', 3.6)}
    """
    found: dict[str, tuple[str, float]] = {}
    for rule, figures in rules.items():
        for metric, value in figures.items():
            sign = 1 if metric.endswith(LARGER_IS_BETTER) else -1
            if metric not in found or sign * value > sign * found[metric][1]:
                found[metric] = rule, value
    return found


def commonest_class(train: Split, test: Split) -> float:
    """Returns the accuracy on the test data of naming the class that training has most often."""
    (common, _), *_ = Counter(labels(train[1])).most_common(1)
    named = labels(test[1])
    return named.count(common) / len(named)


def labels(targets: Tensor) -> list[float]:
    """Returns the labels (samples,) or (samples, 1) as a list."""
    return list(map(float, memoryview(targets.reshape((targets.shape[0],)))))


def count_cases(train: Tensor, test: Tensor) -> Cases:
    """Counts the different rows of the test inputs, and those among them that are no row of the training inputs."""
    different = set(_rows(test))
    return Cases(len(different), len(different.difference(_rows(train))))


def count_unseen(test: Iterable[T], is_seen: Callable[[T], bool]) -> Cases:
    """Counts the different test cases, and those among them that `is_seen` does not know."""
    different = set(test)
    return Cases(len(different), sum(not is_seen(case) for case in different))


def _rows(inputs: Tensor) -> list[bytes]:
    content = bytes(memoryview(inputs))
    width = len(content) // inputs.shape[0]
    return [content[place : place + width] for place in range(0, len(content), width)]
