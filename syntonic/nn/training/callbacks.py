"""Callbacks: they watch the records of a run and answer with a request. The runner carries it out.

A callback writes nothing and stops nothing by itself, so it can be tested with plain numbers, and what it remembers
goes into the checkpoint: a resumed run ends at the same generation as an uninterrupted one.
"""

import math
import time
from collections.abc import Mapping
from enum import Flag, auto
from typing import Annotated, Any, Literal, Protocol

from annotated_types import Ge, Gt

from syntonic.core.registry import register


class Request(Flag):
    """What a callback asks for after a generation; requests add up with `|`.

    STOP ends a run that has done enough; ABANDON ends one that is not worth going on with.
    """

    NOTHING = 0
    CHECKPOINT = auto()
    STOP = auto()
    ABANDON = auto()


class Callback(Protocol):
    """Watches a run."""

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Answers to one generation.

        Args:
            generation: generations done so far, from 1.
            metrics: what the trainer reports of it.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Returns what must survive an interruption, as plain data."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        ...


@register("callback", "checkpoint")
class Checkpoint:
    """Asks for a checkpoint after so many generations or seconds, whichever comes first.

    Args:
        every_generations: null: never by count.
        every_seconds: null: never by the clock.
        keep: how many of the newest checkpoints stay on disk.
    """

    def __init__(
        self,
        *,
        every_generations: Annotated[int, Ge(1)] | None = 100,
        every_seconds: Annotated[float, Gt(0)] | None = 30.0,
        keep: Annotated[int, Ge(1)] = 1,
    ) -> None:
        self.keep = keep
        self._every_generations = every_generations
        self._every_seconds = math.inf if every_seconds is None else every_seconds
        self._last = time.monotonic()

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for a checkpoint when one is due."""
        now = time.monotonic()
        by_count = self._every_generations is not None and generation % self._every_generations == 0
        if not by_count and now - self._last < self._every_seconds:
            return Request.NOTHING
        self._last = now
        return Request.CHECKPOINT

    def state(self) -> dict[str, Any]:
        """Returns nothing: when a checkpoint is written does not change the run."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes nothing."""


@register("callback", "early_stop")
class EarlyStop:
    """Asks for the end when a metric is reached or no longer improves.

    A value that is no number counts as no improvement.

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
        self._metric = metric
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


@register("callback", "finite")
class Finite:
    """Fails the run at the first figure that is no number, for finding where it comes from.

    Without it a member that is not a number ranks last, is counted in `nan_members`, and the run goes on.
    """

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for nothing.

        Raises:
            ValueError: if a figure is not finite, or a member was not.
        """
        wrong = [f"{key} is {value}" for key, value in metrics.items() if not math.isfinite(value)]
        if metrics.get("nan_members", 0.0) > 0.0:
            wrong.append(f"{metrics['nan_members']:.0f} members are not numbers")
        if wrong:
            told = ", ".join(wrong)
            raise ValueError(f"generation {generation}: {told}; try a smaller sigma or learning_rate, or dtype=float64")
        return Request.NOTHING

    def state(self) -> dict[str, Any]:
        """Returns nothing: it remembers nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes nothing."""
