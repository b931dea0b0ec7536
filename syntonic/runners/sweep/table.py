"""What a sweep prints: the table of its end, and the live table of runs side by side."""

import math
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from syntonic.runners.run.figures import counted, figure
from syntonic.runners.run.progress import is_live
from syntonic.runners.run.status_line import clock
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.paired import differences
from syntonic.runners.sweep.plan import shown
from syntonic.runners.sweep.points import Job, PointResult
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.state import SweepState

_REDRAW: Final = 0.3  # seconds between two pictures
_WORD: Final = 40  # columns; a setting up to this length stays in one line
_STATUS: Final = 8  # columns
_GAP: Final = 2  # columns between two others
_ENOUGH: Final = 12  # columns in which there is something to be said
_TAIL: Final = 2000  # bytes of a log in which its last line is looked for


class Watch:
    """Shows runs of other processes: a live table on a terminal, a line for each run that ends in a pipe.

    Args:
        console: where to.
        folder: of the sweep, with the logs.
        state: of the sweep.
        jobs: that are being run.
        total: runs of the whole sweep.
        live: False where the runs themselves write to the console.
    """

    def __init__(
        self, console: Console, folder: SweepFolder, state: SweepState, jobs: Sequence[Job], total: int, *, live: bool
    ) -> None:
        self._total = total
        self._console, self._folder, self._state, self._jobs = console, folder, state, jobs
        self._begun = time.monotonic()
        self._live = None
        if live and is_live(console):
            self._live = Live(
                console=console, get_renderable=self._picture, refresh_per_second=1 / _REDRAW, transient=True
            )

    def __enter__(self) -> "Watch":
        """Begins to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Takes the live table away; that of the end follows."""
        if self._live is not None:
            self._live.stop()

    def ended(self, job: Job, result: RunResult) -> None:
        """Shows that a run has ended; a failure is said at once, with its log."""
        done, cause = self._state.ended, self._state.trouble(job.number)
        if self._live is None or cause:
            results = [f"{key} {figure(value)}" for key, value in result.results.items() if "test" in key]
            told = " ".join([cause] if cause else [*results, result.reason])
            line = f"{done}/{self._total}  {self._left()} left  {job.text}: {result.status} {told}".rstrip()
            self._console.print(line, markup=False, soft_wrap=True)
            if cause:
                self._console.print(f"  log {self._folder.log(job.number)}", markup=False, soft_wrap=True)

    def _picture(self) -> Table:
        # Name and status are never cut: a long name takes several lines, and what else there is takes what is left.
        width = self._console.width
        longest = max((len(job.text) for job in self._jobs), default=0)
        name = max(min(longest, width - _STATUS - _GAP), len("run"))
        rest = width - name - _STATUS - 2 * _GAP
        spent = clock(time.monotonic() - self._begun)
        title = f"{self._state.ended} of {counted(self._total, 'run')}, {spent}, {self._left()} left"
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, title=title, title_justify="left")
        table.add_column("run", width=name, overflow="fold")
        table.add_column("status", width=_STATUS, no_wrap=True)
        if rest >= _ENOUGH:
            table.add_column("", width=rest, no_wrap=True, overflow="ellipsis")
        for job in self._shown(-(-longest // name)):
            table.add_row(escape(job.text), *map(escape, self._standing(job)[: len(table.columns) - 1]))
        return table

    def _standing(self, job: Job) -> tuple[str, str]:
        # Status of a run and what else there is to say.
        result = self._state.results.get(job.number)
        if result is None:
            line = _last_line(self._folder, job.number)  # of the run's log: how it stands
            return "running" if line else "waiting", line.removeprefix("generation").strip()
        value = self._state.value(job.number)
        told = f"{self._state.settings.chosen} {figure(value)}" if value is not None else result.reason
        return result.status, self._state.trouble(job.number) or told

    def _left(self) -> str:
        ended = sum(job.number in self._state.results for job in self._jobs)
        each = (time.monotonic() - self._begun) / ended if ended else math.nan
        return clock(each * (self._total - self._state.ended))

    def _shown(self, lines: int) -> list[Job]:
        # What the terminal has room for: runs that have not ended, before them the latest that have.
        room = max((self._console.height - 4) // max(lines, 1), 1)
        left = [job for job in self._jobs if job.number not in self._state.results]
        ended = [job for job in self._jobs if job.number in self._state.results]
        return [*ended[max(len(ended) + len(left) - room, 0) :], *left][:room]


def show(console: Console, state: SweepState) -> None:
    """Prints the end of a sweep: a line for each run, means over seeds, the best point, every failure."""
    jobs = [state.jobs[number] for number in sorted(state.jobs)]
    metrics = state.reported()
    table = Table(box=None)
    longest = max((len(word) for job in jobs for word in job.text.split()), default=0)
    table.add_column("run", overflow="fold", min_width=min(longest, _WORD))
    for heading in ("status", *metrics):
        table.add_column(heading, justify="right" if heading in metrics else "left", no_wrap=True)
    table.add_column("", overflow="fold")
    seen: set[str] = set()
    for job in jobs:
        result = state.results.get(job.number)
        cells = [figure(result.results[key]) if result and key in result.results else "" for key in metrics]
        status = result.status if result else "not run"
        twin = job.config is not None and job.digest in seen
        about = "the same again" if twin else state.about(job.number)
        seen.add(job.digest)
        table.add_row(escape(job.text), status, *cells, escape(about))
    console.print(f"\n{counted(len(jobs), 'run')}", markup=False)
    console.print(table)
    points = state.points()
    if len(points) < len(jobs):
        console.print(_means(state))
    best = state.best()
    if best is not None and len(points) > 1:
        figures = f"{state.settings.chosen} {best.mean:.5g}" + (f" ± {best.spread:.2g}" if best.runs > 1 else "")
        console.print(f"best: {_name(best)}, {figures}", markup=False, soft_wrap=True)


def _means(state: SweepState) -> Table:
    table = Table(box=None)
    points = state.points()
    gaps = differences(state, points)
    headings = ["point", "runs", f"mean {state.settings.chosen}", "spread"]
    for heading in [*headings, *(["less the first, same seeds (95 %)"] if any(gaps) else [])]:
        table.add_column(heading, justify="left" if heading == "point" else "right")
    for point, gap in zip(points, gaps, strict=True):
        spread = figure(point.spread) if point.runs > 1 else ""
        mean = figure(point.mean) if point.runs else ""
        less = [f"{gap.mean:+.4g} ({gap.low:+.4g} to {gap.high:+.4g})"] if gap else []
        table.add_row(escape(_name(point)), point.count, mean, spread, *less)
    return table


def _name(point: PointResult) -> str:
    return shown(point.jobs[0].values) or "all seeds"


def _last_line(folder: SweepFolder, number: int) -> str:
    try:
        with folder.log(number).open("rb") as log:
            log.seek(max(log.seek(0, 2) - _TAIL, 0))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
