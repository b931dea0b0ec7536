"""Prunes runs by the median stopping rule (Golovin et al., Google Vizier, KDD 2017).

At every eighth of a run, from the second on, its best value so far is compared with those that the other runs of the
sweep had at that generation. Runs leave their values in files, so that it does not matter which process they are in.
"""

import json
import math
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeGuard

from syntonic.nn.training.callbacks import Request
from syntonic.nn.training.callbacks.watched import VALIDATION
from syntonic.runners.sweep.settings import sign
from syntonic.tracking.plain import write_json

_PARTS: Final = 8
_FIRST: Final = 2  # the part after which a run can be given up
_LARGEST: Final = 10_000  # bytes of what a run leaves
_OTHERS: Final = 4  # runs to compare with; fewer say nothing


class Pruning:
    """Watches one run of a sweep.

    Args:
        folder: where the runs of the sweep leave their values.
        number: of the run.
        metric: a name that the trainer reports. Its name says whether it is to be small or large.
        generations: of a whole run.
    """

    def __init__(self, folder: Path, number: int, metric: str, generations: int) -> None:
        self.given_up: tuple[int, float] | None = None
        self._folder, self._number, self._metric = folder, number, metric
        self._sign = sign(metric)
        marks = (generations * part // _PARTS for part in range(_FIRST, _PARTS))
        self._marks = {mark for mark in marks if mark > 0}
        self._best = math.inf
        self._values: dict[str, float] = {}

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Asks for the end when the run is worse than the median of the others.

        Raises:
            ValueError: if the trainer does not report the metric.
        """
        if self._metric not in metrics and not self._metric.startswith(VALIDATION):
            raise ValueError(f"sweep.prune is {self._metric!r}, the trainer reports {', '.join(sorted(metrics))}")
        value = self._sign * metrics.get(self._metric, math.nan)
        self._best = min(self._best, value) if value == value else self._best
        if generation not in self._marks or self._best == math.inf:
            return Request.NOTHING
        self._values[str(generation)] = self._best
        self._folder.mkdir(exist_ok=True)
        write_json(self._folder / f"{self._number}.json", self._values)
        others = self._others(str(generation))
        if len(others) < _OTHERS or self._best <= statistics.median(others):
            return Request.NOTHING
        self.given_up = (generation, self._best)
        return Request.ABANDON

    def state(self) -> dict[str, Any]:
        """Returns the best value so far and those of earlier marks."""
        return {"best": None if self._best == math.inf else self._best, "values": self._values}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned.

        Raises:
            ValueError: if it is something else.
        """
        best, values = state["best"], state["values"]
        if not (best is None or _is_number(best)) or not all(map(_is_number, values.values())):
            raise ValueError("what was remembered of sweep.prune is not numbers")
        self._best, self._values = math.inf if best is None else best, dict(values)

    def _others(self, generation: str) -> list[float]:
        found = []
        for path in self._folder.glob("*.json"):
            value = None if path.stem == str(self._number) else _left(path).get(generation)
            if _is_number(value):
                found.append(float(value))
        return found


def _left(path: Path) -> dict[str, Any]:
    # What another run has left; nothing if no run of ours has written it.
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) is float and value == value
