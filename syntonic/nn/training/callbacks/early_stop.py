"""An end when there is nothing left to wait for."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request
from syntonic.nn.training.callbacks.watched import Watched


@register("callback", "early_stop")
class EarlyStop:
    """Asks for the end when a metric is reached or no longer improves.

    NaN counts as no improvement.

    Args:
        metric: a name that the trainer reports, such as `mean_fitness`; None: `val_accuracy` where there is
            validation data, else `accuracy` of the batch; `val_loss` or `loss` where there is no accuracy.
        mode: whether larger or smaller is better; None: smaller for losses and errors, else larger.
        target: the value that is enough; of a metric that was not named, only if it is an accuracy. None: none is.
        patience: generations without improvement after which it is enough; null: never.
    """

    def __init__(
        self,
        *,
        metric: str | None = None,
        mode: Literal["max", "min"] | None = None,
        target: float | None = None,
        patience: Annotated[int, Ge(1)] | None = None,
    ) -> None:
        self.watched = Watched(metric, mode)
        self.watches = self.watched.names
        self._target = target
        self._patience = math.inf if patience is None else patience
        self._best = -math.inf
        self._since = 0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for the end when there is nothing left to wait for.

        Raises:
            ValueError: if the trainer does not report the metric.
        """
        value = self.watched.value(metrics, "early_stop")
        if value is not None and value > self._best:
            self._best, self._since = value, 0
        else:
            self._since += 1
        enough = self._reached(value) or self._since >= self._patience
        return Request.STOP if enough else Request.NOTHING

    def _reached(self, value: float | None) -> bool:
        if value is None or self._target is None:
            return False
        means_it = bool(self.watches) or str(self.watched.metric).endswith("accuracy")
        return means_it and value >= self.watched.sign * self._target

    def state(self) -> dict[str, Any]:
        """Returns the best value so far and the generations since."""
        return {"best": None if self._best == -math.inf else self._best, "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self._since = int(state["since"])
