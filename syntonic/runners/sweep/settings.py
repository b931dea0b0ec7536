"""The keys `sweep.*`: how a sweep is judged, repeated and ended. They are no part of any of its runs.

Each key is one field of `Settings`, with its type, default and text: the schema, Hydra's config, `--help`, completion
and the table in docs/sweeps.md are made from them.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, MinLen

_LARGE: Final = ("accuracy", "fitness", "syntony")  # how the names of metrics end that are to be large
TEST: Final = "test_loss"
AUTO: Final = "auto"
_HELD: Final = "validation_"  # how results on validation data begin, which records of generations call by VALIDATION
_ON_FAILURE: Final = re.compile(r"continue|stop|stop_after:[1-9]\d*")


def _key(default: Any, text: str) -> Any:  # noqa: ANN401 (each key has its own type)
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The values of the keys."""

    metric: Annotated[str, MinLen(1)] | None = _key(
        None,
        "the final result by which points are compared; null: validation_loss where there is validation data, else "
        "test_loss",
    )
    mode: Literal["min", "max"] | None = _key(
        None, "min or max: which way it is better; null: max if it ends in accuracy, fitness or syntony, else min"
    )
    seeds: Annotated[int, Ge(1)] = _key(1, "runs of each point, at seed, seed + 1, ...: mean and spread are shown")
    parallel: Annotated[int, Ge(1)] | None = _key(
        None, "runs side by side; more than one takes the launcher local; null: as many as the launcher has places"
    )
    on_failure: str = _key("continue", "continue, stop, or stop_after:N failures")
    prune: Annotated[str, MinLen(1)] | None = _key(
        None,
        "a metric of each generation, such as loss: runs that are worse by it than the median are given up; auto: "
        "val_loss, or what sweep.metric says of validation data, where there is such data, else loss",
    )
    skip_finished: bool = _key(True, "whether a config that has finished before, with the same core, is not run again")
    dry_run: bool = _key(False, "say what would run, and about how long it would take")
    resume: Annotated[str, MinLen(1)] | None = _key(
        None, "last, or the id of a sweep: the same as typing its command again"
    )

    @property
    def chosen(self) -> str:
        """The metric, once `settled`."""
        return self.metric or TEST

    def settled(self, compared_by: str) -> "Settings":
        """Returns the settings with a metric, this one if none was said, and with what `prune=auto` stands for."""
        from syntonic.nn.training.callbacks.watched import VALIDATION  # `--help` wants the texts alone

        metric, prune = self.metric or compared_by, self.prune
        if prune == AUTO:
            found = next((each for each in (metric, compared_by) if each.startswith(_HELD)), "")
            prune = found.replace(_HELD, VALIDATION, 1) or "loss"
        return replace(self, metric=metric, prune=prune)

    @property
    def allowed_failures(self) -> int | None:
        """How many runs may fail before the sweep stops; None: all."""
        if self.on_failure == "continue":
            return None
        return int(self.on_failure.partition(":")[2] or 1) - 1

    @property
    def sign(self) -> float:
        """1 if the metric is to be small, -1 if it is to be large: `sign * metric` is to be small."""
        return sign(self.chosen) if self.mode is None else {"min": 1.0, "max": -1.0}[self.mode]


def defaults() -> dict[str, Any]:
    """Returns the section `sweep` of a config in which nothing is said."""
    return asdict(Settings())


def texts() -> dict[str, str]:
    """Returns what each key is for."""
    return {each.name: each.metadata["text"] for each in fields(Settings)}


def sign(metric: str) -> float:
    """Returns 1 for a metric that is to be small, -1 for one that is to be large, by its name.

    >>> sign("test_loss"), sign("test_accuracy")
    (1.0, -1.0)
    """
    return -1.0 if metric.endswith(_LARGE) else 1.0


def checked(section: Mapping[str, Any]) -> Settings:
    """Returns the settings of a sweep.

    Raises:
        RequestError: naming every fault.
    """
    from syntonic.runners.config import schema  # `--help` and completion want the texts alone
    from syntonic.runners.config.errors import RequestError

    filled, faults = schema.judge(schema.schema_of(Settings), section, where="sweep")
    policy = section.get("on_failure", "continue")
    if not _ON_FAILURE.fullmatch(str(policy)):
        faults = [fault for fault in faults if not fault.startswith("sweep.on_failure")]
        faults.append(f"sweep.on_failure={policy}: must be continue, stop, or stop_after:N with N >= 1")
    if faults:
        raise RequestError(faults)
    return Settings(**filled)
