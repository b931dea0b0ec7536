"""The `sweep` section of a config: how a sweep is judged, repeated and ended. It is no part of any of its runs."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, MinLen
from pydantic import BaseModel, ConfigDict, Field

from syntonic.runners.config import schema
from syntonic.runners.config.errors import RequestError

_LARGE: Final = ("accuracy", "fitness", "syntony")  # how the names of metrics end that are to be large


class Settings(BaseModel):
    """What `sweep.` of a config may hold; `conf/config.yaml` explains each key."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    metric: Annotated[str, MinLen(1)] = "test_loss"
    mode: Literal["min", "max"] | None = None
    seeds: Annotated[int, Ge(1)] = 1
    parallel: Annotated[int, Ge(1)] | None = None
    on_failure: Annotated[str, Field(pattern=r"^(continue|stop|stop_after:[1-9]\d*)$")] = "continue"
    prune: Annotated[str, MinLen(1)] | None = None
    skip_finished: bool = True
    dry_run: bool = False
    resume: Annotated[str, MinLen(1)] | None = None

    @property
    def allowed_failures(self) -> int | None:
        """How many runs may fail before the sweep stops; None: all."""
        if self.on_failure == "continue":
            return None
        return int(self.on_failure.partition(":")[2] or 1) - 1

    @property
    def sign(self) -> float:
        """1 if the metric is to be small, -1 if it is to be large: `sign * metric` is to be small."""
        return sign(self.metric) if self.mode is None else {"min": 1.0, "max": -1.0}[self.mode]


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
    _, faults = schema.judge(Settings, section, where="sweep")
    if any(fault.startswith("sweep.on_failure") for fault in faults):
        wrong = f"sweep.on_failure={section.get('on_failure')}: must be continue, stop, or stop_after:N with N >= 1"
        faults = [wrong if fault.startswith("sweep.on_failure") else fault for fault in faults]
    if faults:
        raise RequestError(faults)
    return Settings.model_validate(dict(section))
