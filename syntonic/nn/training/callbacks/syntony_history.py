"""The history of syntony, for those who train from Python."""

from collections.abc import Mapping
from typing import Any, Final

from syntonic.nn.training.callbacks.base import Request

RECENT: Final = 5


class SyntonyCallback:
    """Remembers syntony, fitness and accuracy of every generation; asks for nothing.

    Attributes:
        history: one mapping for each generation: `generation`, `syntony`, `mean_fitness`, and `accuracy` if reported.
    """

    def __init__(self) -> None:
        self.history: list[dict[str, float]] = []

    @property
    def best_syntony(self) -> float:
        """The highest syntony so far; 0 before the first generation."""
        return max((entry["syntony"] for entry in self.history), default=0.0)

    @property
    def syntony_trend(self) -> float:
        """Mean of the last five generations minus that of the five before; 0 before there are ten."""
        values = [entry["syntony"] for entry in self.history[-2 * RECENT :]]
        return (sum(values[RECENT:]) - sum(values[:RECENT])) / RECENT if len(values) == 2 * RECENT else 0.0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Remembers a generation."""
        kept = {name: metrics[name] for name in ("syntony", "mean_fitness", "accuracy") if name in metrics}
        self.history.append({"generation": float(generation), **kept})
        return Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns the history."""
        return {"history": self.history}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self.history = [dict(entry) for entry in state["history"]]
