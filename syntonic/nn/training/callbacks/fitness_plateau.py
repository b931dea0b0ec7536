"""A wider population when fitness no longer improves."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

from annotated_types import Ge, Gt

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request
from syntonic.nn.training.escape import Escapable, SigmaShock


@register("callback", "fitness_plateau")
class FitnessPlateau:
    """Multiplies sigma for a while after `patience` generations without improvement of the mean fitness.

    Args:
        patience: generations without improvement, and at least so many between two boosts.
        min_delta: what counts as an improvement.
        mutation_boost: what sigma is multiplied by.
        duration: generations in which it falls back.
    """

    watches: Final = ("mean_fitness",)

    def __init__(
        self,
        *,
        patience: Annotated[int, Ge(1)] = 10,
        min_delta: Annotated[float, Ge(0)] = 0.001,
        mutation_boost: Annotated[float, Gt(0)] = 2.0,
        duration: Annotated[int, Ge(1)] = 10,
    ) -> None:
        self._patience, self._min_delta = patience, min_delta
        self._mechanism = SigmaShock(mutation_boost, duration)
        self._best = -math.inf
        self._since = 0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for an escape on a plateau."""
        fitness = metrics["mean_fitness"]
        if fitness > self._best + self._min_delta:
            self._best, self._since = fitness, 0
            return Request.NOTHING
        self._since += 1
        if self._since < self._patience:
            return Request.NOTHING
        self._since = 0
        return Request.ESCAPE

    def escape(self, trainer: Escapable) -> None:
        """Widens the population."""
        self._mechanism.apply(trainer, 1.0)

    def state(self) -> dict[str, Any]:
        """Returns the best value so far and the generations since."""
        return {"best": None if self._best == -math.inf else self._best, "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self._since = int(state["since"])
