"""How a run converges: the rate at which its loss falls, how steadily, and how syntony goes with it."""

import math
from collections.abc import Mapping
from typing import Any, Final

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request

SUMS: Final = (
    "count",
    "at",
    "log",
    "at_at",
    "at_log",
    "loss",
    "syntony",
    "loss_loss",
    "syntony_syntony",
    "loss_syntony",
)


@register("callback", "convergence")
class Convergence:
    """Adds three figures to the results, of the generations whose loss is a positive number and whose syntony is one.

    - `convergence_rate`: minus the slope of ln loss over generations, by least squares;
    - `convergence_stability`: 1 minus the share of generations whose loss is larger than the one before;
    - `convergence_correlation`: Pearson's, of syntony and loss; left out where one of them stands still.
    """

    def __init__(self) -> None:
        self._sums = dict.fromkeys(SUMS, 0.0)
        self._increases = 0.0
        self._last = math.inf

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Takes a generation in; asks for nothing."""
        loss, syntony = metrics.get("loss", math.nan), metrics.get("syntony", math.nan)
        if 0 < loss < math.inf and math.isfinite(syntony):
            at, log = float(generation), math.log(loss)
            terms = (1.0, at, log, at * at, at * log, loss, syntony, loss * loss, syntony * syntony, loss * syntony)
            for name, term in zip(SUMS, terms, strict=True):
                self._sums[name] += term
            self._increases += loss > self._last
            self._last = loss
        return Request.NOTHING

    def reports(self) -> list[str]:
        """Returns the names that `results` may have."""
        return [f"convergence_{figure}" for figure in ("rate", "stability", "correlation")]

    def results(self) -> dict[str, float]:
        """Returns the figures; nothing of fewer than two generations."""
        s, n = self._sums, self._sums["count"]
        if n < 2:
            return {}
        found = {
            "convergence_rate": -(n * s["at_log"] - s["at"] * s["log"]) / (n * s["at_at"] - s["at"] ** 2),
            "convergence_stability": 1 - self._increases / (n - 1),
        }
        spread = (n * s["loss_loss"] - s["loss"] ** 2) * (n * s["syntony_syntony"] - s["syntony"] ** 2)
        if spread > 0:
            found["convergence_correlation"] = (n * s["loss_syntony"] - s["loss"] * s["syntony"]) / math.sqrt(spread)
        return found

    def state(self) -> dict[str, Any]:
        """Returns the sums so far."""
        return {
            "sums": dict(self._sums),
            "increases": self._increases,
            "last": None if self._last == math.inf else self._last,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._sums = {name: float(state["sums"][name]) for name in SUMS}
        self._increases = float(state["increases"])
        self._last = math.inf if state["last"] is None else float(state["last"])
