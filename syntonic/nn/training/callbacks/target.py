"""When a metric reached its targets: how many generations, evaluations and seconds of training it took."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from annotated_types import Len

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request

COSTS: Final = ("generations", "evaluations", "seconds")


@register("callback", "target")
class Target:
    """Notes when a metric first reaches each of some values; adds them to the run's results.

    The metrics are those of a generation: the centre's on the batch, before the step. A run that was resumed from a
    checkpoint without this callback does not know, and says nothing.

    Args:
        metric: a name that the trainer reports, such as `accuracy` or `syntony`; from Python one that it does not
            report is never reached.
        mode: whether larger or smaller is better.
        values: the targets.
        stop: whether the run ends when all of them are reached.
    """

    def __init__(
        self,
        *,
        metric: str = "accuracy",
        mode: Literal["max", "min"] = "max",
        values: Annotated[Sequence[float], Len(1)] = (0.9, 0.95, 0.99),
        stop: bool = False,
    ) -> None:
        self._metric, self.watches = metric, (metric,)
        self._sign = 1.0 if mode == "max" else -1.0
        self._values = tuple(values)
        self._left = sorted(set(values), key=lambda value: self._sign * value)
        self._stop = stop
        self._spent = [0.0, 0.0, 0.0]  # generations, evaluations, seconds
        self._reached: dict[str, list[float]] = {}

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Notes what was reached; asks for the end if that was the last target and it shall end the run."""
        if self._left:
            seconds = metrics.get("seconds", 0.0)
            if generation != self._spent[0] + 1:
                self._left = []  # what came before was not seen
                return Request.NOTHING
            self._spent[0] = float(generation)
            self._spent[1] += round(metrics.get("evaluations_per_second", 0.0) * seconds)
            self._spent[2] += seconds
            value = self._sign * metrics.get(self._metric, math.nan)
            while self._left and value >= self._sign * self._left[0]:
                self._reached[f"{self._left.pop(0):g}"] = list(self._spent)
            if self._stop and not self._left:
                return Request.STOP
        return Request.NOTHING

    def reports(self) -> list[str]:
        """Returns the names that `results` may have."""
        return [f"{cost}_to_{self._metric}_{value:g}" for value in self._values for cost in COSTS]

    def results(self) -> dict[str, float]:
        """Returns `generations_to_accuracy_0.9` and so on, of the targets that were reached."""
        return {
            f"{cost}_to_{self._metric}_{value}": amount
            for value, spent in self._reached.items()
            for cost, amount in zip(COSTS, spent, strict=True)
        }

    def state(self) -> dict[str, Any]:
        """Returns what was spent so far, and when what was reached."""
        return {"left": list(self._left), "spent": list(self._spent), "reached": self._reached}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._left = [float(value) for value in state["left"]]
        self._spent = [float(amount) for amount in state["spent"]]
        self._reached = {str(value): [float(x) for x in spent] for value, spent in state["reached"].items()}
