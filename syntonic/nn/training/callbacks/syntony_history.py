"""The history of syntony, for those who train from Python."""

from collections.abc import Mapping
from typing import Any, Final

from syntonic._core import PHI_INVERSE
from syntonic.nn.training.callbacks.base import Request

RECENT: Final = 5


class SyntonyCallback:
    """Remembers syntony, fitness and accuracy of every generation; asks for nothing.

    Args:
        log_interval: generations from one printed line to the next.
        target_syntony: what the line measures the gap to, above 0 and at most 1.
        verbose: whether lines are printed at all.

    Attributes:
        history: one mapping for each generation: `generation`, `syntony`, `mean_fitness`, and `accuracy` if reported.
    """

    def __init__(self, log_interval: int = 10, target_syntony: float = PHI_INVERSE, verbose: bool = False) -> None:
        if log_interval < 1 or not 0 < target_syntony <= 1:
            raise ValueError(
                f"log_interval is {log_interval} and target_syntony {target_syntony}; expected at least 1 and a "
                "syntony above 0 and at most 1"
            )
        self._interval: Final = log_interval if verbose else 0
        self._target: Final = target_syntony
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
        if self._interval and generation % self._interval == 0:
            gap = self._target - kept["syntony"]
            print(f"generation {generation}: syntony {kept['syntony']:.4f}, gap {gap:.4f}", flush=True)
        return Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns the history."""
        return {"history": self.history}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self.history = [dict(entry) for entry in state["history"]]
