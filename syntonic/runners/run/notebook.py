"""A run's progress in a notebook: one line with a bar, drawn over; it needs nothing that a notebook does not bring."""

import sys
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from rich.console import Console

from syntonic.runners.run.speed import Speed
from syntonic.runners.run.status_line import whole

_PAUSE: Final = 0.25  # seconds between two pictures
_KERNEL: Final = "ZMQInteractiveShell"  # what IPython calls itself behind a notebook


def in_notebook() -> bool:
    """Returns whether this process computes the cells of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == _KERNEL


class Notebook:
    """A line that is drawn over, a few times a second.

    Args:
        console: not written to.
        total: generations of the whole run, 0 if that is not known.
        done: generations done already.
        evaluations: returns how many members were evaluated so far.
    """

    def __init__(self, console: Console, total: int, done: int, evaluations: Callable[[], int]) -> None:
        self._speed = Speed(total, done, evaluations)
        self._latest: tuple[int, Mapping[str, float]] = done, {}
        self._drawn = time.monotonic()
        self._place: Any = sys.modules["IPython"].display.display(self._picture(), display_id=True)

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Takes one generation, and shows it if the last picture is old enough."""
        self._latest = generation, metrics
        if time.monotonic() - self._drawn >= _PAUSE:
            self._draw()

    def close(self) -> None:
        """Draws the last generation and leaves it there."""
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._place.update(self._picture())

    def _picture(self) -> "_Picture":
        generation, metrics = self._latest
        self._speed.count()
        return _Picture(generation, self._speed.total, whole(self._speed.standing(generation, metrics, [])))


class _Picture:
    # What a notebook asks for its HTML, and a plain front end for its text.

    def __init__(self, generation: int, total: int, line: str) -> None:
        self._generation, self._total, self._line = generation, total, line

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self._generation}" max="{self._total}"></progress> ' if self._total else ""
        return f"<div>{bar}<code>{escape(self._line)}</code></div>"

    def __repr__(self) -> str:
        return self._line
