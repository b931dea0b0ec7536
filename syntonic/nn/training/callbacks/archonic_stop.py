"""An end, or a way out, when syntony goes up and down and fitness no longer improves."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt, Le

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import NOISE_FLOOR, archonic
from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request
from syntonic.nn.training.escape import Escapable, Escape, NoiseInjection, SigmaShock, WeightPerturbation


@register("callback", "archonic_stop")
class ArchonicEarlyStop:
    """Asks for the end, or for an escape, once the run is archonic and the mean fitness has stopped improving.

    After an escape it waits for `patience` generations before it asks again.

    Args:
        patience: generations without improvement of the mean fitness.
        min_improvement: what counts as one.
        window: generations whose syntony is looked at.
        target: syntony that is enough: above it nothing is archonic.
        noise_floor: standard deviation of syntony up to which it stands still.
        action: stop: the end; noise, shock, perturb: a way out, see `syntonic.nn.training.escape`.
        scale: size of the way out: of the noise in standard deviations, of sigma's multiplier, of the move.
    """

    watches: Final = ("syntony", "mean_fitness")

    def __init__(
        self,
        *,
        patience: Annotated[int, Ge(1)] = 20,
        min_improvement: Annotated[float, Ge(0)] = 0.001,
        window: Annotated[int, Ge(4)] = 20,
        target: Annotated[float, Gt(0), Le(1)] = PHI_INVERSE,
        noise_floor: Annotated[float, Ge(0)] = NOISE_FLOOR,
        action: Literal["stop", "noise", "shock", "perturb"] = "stop",
        scale: Annotated[float, Gt(0)] | None = None,
    ) -> None:
        self._patience, self._min_improvement = patience, min_improvement
        self._window, self._target, self._noise_floor = window, target, noise_floor
        self._mechanism = _mechanism(action, scale)
        self._syntonies: deque[float] = deque(maxlen=window)
        self._best = -math.inf
        self._since = 0
        self._severity = 0.0

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Answers once both have come to a halt."""
        self._syntonies.append(metrics["syntony"])
        fitness = metrics["mean_fitness"]
        if fitness > self._best + self._min_improvement:
            self._best, self._since = fitness, 0
        else:
            self._since += 1
        if self._since < self._patience:
            return Request.NOTHING
        found = archonic(list(self._syntonies), window=self._window, target=self._target, noise_floor=self._noise_floor)
        if not found.is_archonic:
            return Request.NOTHING
        if self._mechanism is None:
            return Request.STOP
        self._severity, self._since = found.severity, 0
        return Request.ESCAPE

    def escape(self, trainer: Escapable) -> None:
        """Takes the way out that was configured."""
        if self._mechanism is not None:
            self._mechanism.apply(trainer, self._severity)

    def state(self) -> dict[str, Any]:
        """Returns the syntonies looked at, the best fitness so far and the generations since."""
        best = None if self._best == -math.inf else self._best
        return {"syntonies": list(self._syntonies), "best": best, "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._syntonies = deque(map(float, state["syntonies"]), maxlen=self._window)
        self._best = -math.inf if state["best"] is None else float(state["best"])
        self._since = int(state["since"])


def _mechanism(action: str, scale: float | None) -> Escape | None:
    match action:
        case "noise":
            return NoiseInjection() if scale is None else NoiseInjection(scale)
        case "shock":
            return SigmaShock() if scale is None else SigmaShock(scale)
        case "perturb":
            return WeightPerturbation() if scale is None else WeightPerturbation(scale)
    return None
