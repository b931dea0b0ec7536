"""A failure at the first NaN or infinity."""

import math
from collections.abc import Mapping
from typing import Any

from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request


@register("callback", "finite")
class Finite:
    """Fails the run at the first NaN or infinity, for finding where it comes from.

    Without it a member whose fitness is NaN ranks last, is counted in `nan_members`, and the run goes on.
    """

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for nothing.

        Raises:
            ValueError: if a figure is not finite, or a member was not.
        """
        wrong = [f"{key} is {value}" for key, value in metrics.items() if not math.isfinite(value)]
        if metrics.get("nan_members", 0.0) > 0.0:
            wrong.append(f"{metrics['nan_members']:.0f} members are NaN")
        if wrong:
            told = ", ".join(wrong)
            raise ValueError(f"generation {generation}: {told}; try a smaller sigma or learning_rate, or dtype=float64")
        return Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns nothing: it remembers nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes nothing."""
