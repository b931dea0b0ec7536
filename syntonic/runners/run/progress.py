"""What a person sees during a run: a live bar on a terminal, about ten plain lines in a pipe."""

import os
import sys
import time
from collections.abc import Mapping
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from syntonic.runners.run.figures import figure

_LINES = 10  # in a pipe, for a whole run
_REDRAW = 0.1  # seconds between two pictures on a terminal


class Output(Console):
    """Where the command prints to. It falls silent when nobody reads any more: a run does not end because of that."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(highlight=False, quiet=quiet)
        self._warned: set[str] = set()

    def warn(self, line: str) -> None:
        """Prints a line of plain text, unless it was printed before."""
        if line not in self._warned:
            self._warned.add(line)
            self.print(line, markup=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Called by rich, which would end the program here."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class View(Protocol):
    """Shows generations as they come."""

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Shows one generation, or passes over it."""
        ...

    def close(self) -> None:
        """Leaves the terminal as it should be."""
        ...


def view(console: Console, total: int, done: int) -> View:
    """Returns the view that suits `console`.

    Args:
        console: where to.
        total: generations of the whole run.
        done: generations done already.
    """
    return Bar(console, total, done) if console.is_terminal else Lines(console, total, done)


class Bar:
    """A live bar with the generation's numbers beside it."""

    def __init__(self, console: Console, total: int, done: int) -> None:
        self._progress = Progress(
            TextColumn("generation"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("run", total=total, completed=done, numbers="")
        self._progress.start()
        self._next = 0.0

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Moves the bar, at most ten times a second."""
        now = time.monotonic()
        total = self._progress.tasks[0].total
        if now >= self._next or generation == total:
            self._next = now + _REDRAW
            self._progress.update(self._task, completed=generation, numbers=numbers(metrics))

    def close(self) -> None:
        """Stops the bar where it is."""
        self._progress.stop()


class Lines:
    """A line after every tenth of the run."""

    def __init__(self, console: Console, total: int, done: int) -> None:
        self._console = console
        self._total = total
        self._tenth = done * _LINES // max(total, 1)
        self._width = len(str(total))

    def show(self, generation: int, metrics: Mapping[str, float]) -> None:
        """Prints the generation if it completes a tenth."""
        tenth = generation * _LINES // max(self._total, 1)
        if tenth > self._tenth:
            self._tenth = tenth
            line = f"generation {generation:>{self._width}}/{self._total}  {numbers(metrics)}"
            self._console.print(line, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Leaves nothing behind."""


def numbers(metrics: Mapping[str, float]) -> str:
    """Returns the few numbers that tell how a run stands.

    >>> numbers({"loss": 0.6931, "accuracy": 0.5, "evaluations_per_second": 12345.6})
    'loss 0.6931  accuracy 0.5000  12,346 evaluations/s'
    """
    texts = [f"{key} {figure(metrics[key])}" for key in ("loss", "accuracy", "syntony") if key in metrics]
    if "evaluations_per_second" in metrics:
        texts.append(f"{metrics['evaluations_per_second']:,.0f} evaluations/s")
    return "  ".join(texts)
