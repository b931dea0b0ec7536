"""An end when there is nothing left to wait for."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request


@register("callback", "early_stop")
class EarlyStop:
    """Asks for the end when a metric is reached or no longer improves.

    NaN counts as no improvement.

    Args:
        metric: a name that the trainer reports, such as `accuracy` or `mean_fitness`.
        mode: whether larger or smaller is better.
        target: the value that is enough; null: none is.
        patience: generations without improvement after which it is enough; null: never.
    """

    def __init__(
        self,
        *,
        metric: str = "accuracy",
        mode: Literal["max", "min"] = "max",
        target: float | None = None,
        patience: Annotated[int, Ge(1)] | None = None,
    ) -> None:
        self._metric, self.watches = metric, (metric,)
        self._sign = 1.0 if mode == "max" else -1.0
        self._target = math.inf if target is None else self._sign * target
        self._patience = math.inf if patience is None else patience
        self._best = -math.inf
        self._since = 0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for the end when there is nothing left to wait for.

        Raises:
            ValueError: if the trainer does not report the metric.
        """
        if self._metric not in metrics:
            raise ValueError(f"early_stop watches {self._metric!r}, the trainer reports {', '.join(sorted(metrics))}")
        value = self._sign * metrics[self._metric]
        if value > self._best:
            self._best, self._since = value, 0
        else:
            self._since += 1
        enough = value >= self._target or self._since >= self._patience
        return Request.STOP if enough else Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns the best value so far and the generations since."""
        return {"best": None if self._best == -math.inf else self._best, "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self._since = int(state["since"])
