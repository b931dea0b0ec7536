"""Looks at the validation data while a run trains: every so many generations, and after the last one.

The test data is not looked at before the training is over; what chooses between centres or runs goes by `val_...`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from syntonic.nn.training.callbacks import Request
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run.build import Parts


@dataclass(frozen=True)
class Judged:
    """A record of a generation after which the centre was judged on validation data.

    Attributes:
        record: the trainer's.
        found: `val_loss` and so on, of the centre that the generation ended with.
    """

    record: Any
    found: Mapping[str, float]

    @property
    def generation(self) -> int:
        """Generations done."""
        return int(self.record.generation)

    def metrics(self) -> dict[str, float]:
        """Returns the trainer's figures, and those on validation data."""
        return {**self.record.metrics(), **self.found}


class Remembering:
    """A benchmark that learns while a run trains, such as the scale of observations: a part of checkpoints.

    Args:
        benchmark: with `state` and `restore`.
    """

    def __init__(self, benchmark: Any) -> None:  # noqa: ANN401 (anyone's)
        self.state, self.restore = benchmark.state, benchmark.restore

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for nothing."""
        return Request.NOTHING


def reported(config: RunConfig, benchmark: object) -> tuple[str, ...]:
    """Returns the names of what `judged` adds to some records; none where there is nothing to look at."""
    return getattr(benchmark, "validated", ()) if config.validate_every is not None else ()


def judged(config: RunConfig, parts: Parts, records: Iterator[Any]) -> Iterator[Any]:
    """Passes records on; those of generations that are looked at with figures on validation data."""
    if not reported(config, parts.benchmark):
        return records
    return _judged(config.validate_every or 1, int(config.trainer.get("max_generations", 0)), parts, records)


def _judged(every: int, last: int, parts: Parts, records: Iterator[Any]) -> Iterator[Any]:
    for record in records:
        if record.generation % every and record.generation != last:
            yield record
        else:
            yield Judged(record, parts.benchmark.validate(parts.model))
