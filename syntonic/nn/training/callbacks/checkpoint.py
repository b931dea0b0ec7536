"""A checkpoint on a clock."""

import math
import time
from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge, Gt

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request


@register("callback", "checkpoint")
class Checkpoint:
    """Asks for a checkpoint after so many generations or seconds, whichever comes first.

    Args:
        every_generations: null: never by count.
        every_seconds: null: never by the clock.
        keep: how many of the newest checkpoints stay on disk.
    """

    def __init__(
        self,
        *,
        every_generations: Annotated[int, Ge(1)] | None = 100,
        every_seconds: Annotated[float, Gt(0)] | None = 30.0,
        keep: Annotated[int, Ge(1)] = 1,
    ) -> None:
        self.keep = keep
        self._every_generations = every_generations
        self._every_seconds = math.inf if every_seconds is None else every_seconds
        self._last = time.monotonic()

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for a checkpoint when one is due."""
        now = time.monotonic()
        by_count = self._every_generations is not None and generation % self._every_generations == 0
        if not by_count and now - self._last < self._every_seconds:
            return Request.NOTHING
        self._last = now
        return Request.CHECKPOINT

    def state(self) -> dict[str, Any]:
        """Returns nothing: when a checkpoint is written does not change the run."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes nothing."""
