"""What a person sees during a run: a live line on a terminal and in a notebook, plain lines in a pipe and in CI."""

import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import IO, Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from syntonic.runners.run.notebook import Notebook, in_notebook
from syntonic.runners.run.speed import Speed
from syntonic.runners.run.status_line import fitted, whole
from syntonic.runners.run.streams import lenient

_LINES: Final = 10  # in a pipe, for a whole run; a slow run says more
_SILENCE: Final = 60.0  # seconds without a line
_REDRAWS: Final = 5.0  # pictures a second on a terminal
_SAMPLES: Final = 240  # losses that the curve is drawn from; half of them are dropped when there are so many


class Output(Console):
    """Where the command prints to; what cannot be written is no reason for a run to end."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(highlight=False, quiet=quiet)
        self._warned: set[str] = set()

    def warn(self, line: str) -> None:
        """Prints a line of plain text, unless it was printed before."""
        if line not in self._warned:
            self._warned.add(line)
            self.print(line, markup=False, soft_wrap=True)

    def fail(self, line: str) -> None:
        """Prints a line that is to be seen in any case: on the error stream where the console is quiet."""
        if self.quiet:
            print(line, file=sys.stderr)
        else:
            self.print(line, markup=False, soft_wrap=True)

    @property
    def file(self) -> IO[str]:
        """The stream, which takes everything."""
        return lenient(super().file)  # type: ignore[no-any-return]

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        """Sets another one."""
        self._file = new_file


class View(Protocol):
    """Shows generations as they come."""

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Shows one generation, or passes over it."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it should be."""
        ...


def view(console: Console, total: int, done: int, evaluations: Callable[[], int]) -> View:
    """Returns the view that suits `console`.

    Args:
        console: where to.
        total: generations of the whole run, 0 if that is not known.
        done: generations done already.
        evaluations: returns how many members were evaluated so far.
    """
    kind = Notebook if in_notebook() and not console.quiet else Bar if is_live(console) else Lines
    return kind(console, total, done, evaluations)


def is_live(console: Console) -> bool:
    """Whether what is shown may be drawn over: on a terminal that understands it, with a person before it."""
    return console.is_interactive and console.file.isatty() and not os.environ.get("CI")


class Bar:
    """A live line with the generation's figures, drawn by a thread of its own: a generation costs nothing.

    That thread asks the trainer nothing: it would wait for a core at work, and hold what the core waits for.
    """

    def __init__(self, console: Console, total: int, done: int, evaluations: Callable[[], int]) -> None:
        self._console, self._speed = console, Speed(total, done, evaluations)
        self._latest: tuple[int, Mapping[str, float]] = done, {}
        self._losses: list[float] = []
        self._stride, self._next = 1, done + 1
        self._is_drawn = True
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=_REDRAWS)
        self._live.start()

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Takes one generation; the next picture shows the latest one."""
        self._latest = generation, metrics
        if self._is_drawn:
            self._is_drawn = False
            self._speed.count()
        if generation >= self._next:
            self._next = generation + self._stride
            self._losses.append(metrics.get("loss", math.nan))
            if len(self._losses) >= _SAMPLES:
                self._losses, self._stride = self._losses[::2], 2 * self._stride

    def close(self) -> None:
        """Draws the last generation and leaves it there."""
        if self._live.is_started:
            self._speed.count()
            self._live.stop()

    def _picture(self) -> Text:
        now, self._is_drawn = self._speed.standing(*self._latest, self._losses), True
        line = fitted(now, self._console.width, plain=self._console.options.ascii_only)
        return Text(line, no_wrap=True, overflow="crop")


class Lines:
    """A line after every tenth of the run, and one a minute if that takes longer."""

    def __init__(self, console: Console, total: int, done: int, evaluations: Callable[[], int]) -> None:
        self._console, self._speed = console, Speed(total, done, evaluations)
        self._tenth = done * _LINES // max(total, 1)
        self._said = time.monotonic()

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Prints the generation if it completes a tenth, or if nothing was printed for a while."""
        tenth = generation * _LINES // self._speed.total if self._speed.total else 0
        if tenth > self._tenth or time.monotonic() - self._said > _SILENCE:
            self._tenth, self._said = tenth, time.monotonic()
            self._speed.count()
            line = whole(self._speed.standing(generation, metrics, []))
            self._console.print(line, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Leaves nothing behind."""
