"""A checkpoint whenever a metric is better than ever before, which stays when newer ones come."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request
from syntonic.nn.training.callbacks.watched import Watched


@register("callback", "best_checkpoint")
class BestCheckpoint:
    """Asks for a checkpoint when a metric reaches a new best, and keeps it besides the newest ones.

    The trainer reports `loss` and `accuracy` of the centre that a generation began with, so that the checkpoint is one
    step past the centre that was measured; `syntony` and what begins with `val_` are of the checkpoint itself. NaN is
    never the best.

    Args:
        metric: a name that the trainer reports, such as `loss`; None: `val_accuracy` where there is validation data,
            else `accuracy` of the batch; `val_loss` or `loss` where there is no accuracy.
        mode: whether larger or smaller is better; None: smaller for losses and errors, else larger.
        every: generations between two of these checkpoints, at least.
    """

    def __init__(
        self,
        *,
        metric: str | None = None,
        mode: Literal["max", "min"] | None = None,
        every: Annotated[int, Ge(1)] = 10,
    ) -> None:
        self.watched, self._every = Watched(metric, mode), every
        self.watches = self.watched.names
        self._best = -math.inf
        self.spared: int | None = None

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for a checkpoint of a new best.

        Raises:
            ValueError: if the trainer does not report the metric.
        """
        value = self.watched.value(metrics, "best_checkpoint")
        due = self.spared is None or generation - self.spared >= self._every
        if value is None or not value > self._best or not due:
            return Request.NOTHING
        self._best, self.spared = value, generation
        return Request.CHECKPOINT

    def state(self) -> dict[str, Any]:
        """Returns the best value, and the generation of its checkpoint."""
        return {"best": None if self.spared is None else self._best, "spared": self.spared}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self.spared = None if state["spared"] is None else int(state["spared"])
