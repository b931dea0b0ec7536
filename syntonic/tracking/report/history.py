"""The curves of a run in bounded memory: of a long run, the lowest and the highest point of every few generations."""

import math
from pathlib import Path
from typing import Final

from syntonic.tracking.journal import Point, Tail

_CURVES: Final = 30
_POINTS: Final = 4096  # of a curve; a picture of it is a few hundred pixels wide


class History:
    """What the curves are drawn from, filled while a journal is read.

    Attributes:
        last_step: the newest one.
        lines: points (step, value) of the first metrics by name; a NaN is left out.
        blind: how many generations have learnt nothing, since the fitness of every member was NaN.
    """

    def __init__(self) -> None:
        self.last_step = 0
        self.lines: dict[str, list[tuple[float, float]]] = {}
        self.blind = 0

    @classmethod
    def read(cls, journal: Path) -> "History":
        """Returns the history that a journal tells; an empty one if there is no file."""
        made = cls()
        for point in Tail(journal).new():
            made.add(point)
        return made

    def add(self, point: Point) -> None:
        """Takes the next generation."""
        self.last_step = point.step
        self.blind += math.isnan(point.metrics.get("mean_fitness", 0.0))
        step, lines = float(point.step), self.lines
        for key, value in point.metrics.items():
            line = lines.get(key)
            if line is None:
                if len(lines) == _CURVES:
                    continue
                line = lines[key] = []
            if math.isfinite(value):
                line.append((step, value))
                if len(line) == _POINTS:
                    line[:] = _halved(line)


def _halved(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for start in range(0, len(line), 4):
        few = sorted(line[start : start + 4], key=lambda point: point[1])
        kept += sorted([few[0], few[-1]])
    return kept
