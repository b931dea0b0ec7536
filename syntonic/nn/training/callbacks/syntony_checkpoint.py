"""A checkpoint whenever the centre is more syntonic than ever before."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

from annotated_types import Ge, Le

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request


@register("callback", "syntony_checkpoint")
class SyntonyCheckpoint:
    """Asks for a checkpoint when syntony reaches a new best, at most once in `save_interval` generations.

    Args:
        save_interval: generations between two checkpoints.
        min_syntony: below it nothing is kept.
        keep: how many of the newest checkpoints stay on disk.
    """

    watches: Final = ("syntony",)

    def __init__(
        self,
        *,
        save_interval: Annotated[int, Ge(1)] = 10,
        min_syntony: Annotated[float, Ge(0), Le(1)] = 0.0,
        keep: Annotated[int, Ge(1)] = 1,
    ) -> None:
        self.keep = keep
        self._save_interval, self._min_syntony = save_interval, min_syntony
        self._best = -math.inf
        self._saved = -save_interval

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for a checkpoint of a new best."""
        syntony = metrics["syntony"]
        due = generation - self._saved >= self._save_interval
        if syntony <= max(self._best, self._min_syntony) or not due:
            return Request.NOTHING
        self._best, self._saved = syntony, generation
        return Request.CHECKPOINT

    def state(self) -> dict[str, Any]:
        """Returns the best syntony and the generation it was kept in."""
        return {"best": None if self._best == -math.inf else self._best, "saved": self._saved}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self._saved = int(state["saved"])
