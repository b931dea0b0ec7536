"""What a sweep prints: the table of its end, the answer to a dry run, and the live picture of runs side by side."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from syntonic.runners.run.figures import counted, figure
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.plan import Job, shown
from syntonic.runners.sweep.rows import Row
from syntonic.runners.sweep.standing import PointResult, Standing

_REDRAW: Final = 0.3  # seconds between two pictures
_WORD: Final = 40  # columns; a setting up to this length stays in one line
_TAIL: Final = 2000  # bytes of a log in which its last line is looked for


class Watch:
    """Shows runs that go on in other processes: a live table on a terminal, a line for each run that ends in a pipe.

    Args:
        console: where to.
        folder: of the sweep, with the logs.
        standing: of the sweep.
        jobs: that are being run.
        total: runs of the whole sweep.
        live: False where the runs themselves write to the console.
    """

    def __init__(
        self, console: Console, folder: SweepFolder, standing: Standing, jobs: Sequence[Job], total: int, *, live: bool
    ) -> None:
        self._total = total
        self._console, self._folder, self._standing, self._jobs = console, folder, standing, jobs
        self._begun = time.monotonic()
        self._live = None
        if live and console.is_terminal:
            self._live = Live(
                console=console, get_renderable=self._picture, refresh_per_second=1 / _REDRAW, transient=True
            )

    def __enter__(self) -> "Watch":
        """Begins to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Takes the picture away; the table of the end follows."""
        if self._live is not None:
            self._live.stop()

    def ended(self, job: Job, row: Row) -> None:
        """Shows that a run has ended; a failure is said at once, with its log."""
        done, cause = self._standing.ended, self._standing.trouble(job.number)
        if self._live is None or cause:
            results = [f"{key} {figure(value)}" for key, value in row.results.items() if "test" in key]
            told = " ".join([cause] if cause else [*results, row.reason])
            line = f"{done}/{self._total}  {job.text}: {row.status} {told}".rstrip()
            self._console.print(line, markup=False, soft_wrap=True)
            if cause:
                self._console.print(f"  log {self._folder.log(job.number)}", markup=False, soft_wrap=True)

    def _picture(self) -> Table:
        table = Table(box=None, title=f"{time.monotonic() - self._begun:.0f} s", title_justify="left")
        for heading in ("run", "status", ""):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for job in self._shown():
            row = self._standing.rows.get(job.number)
            line = _last_line(self._folder, job.number)  # of the run's log: how it stands
            if row:
                value = self._standing.value(job.number)
                told = f"{self._standing.settings.metric} {figure(value)}" if value is not None else row.reason
                table.add_row(escape(job.text), row.status, escape(self._standing.trouble(job.number) or told))
            else:
                table.add_row(escape(job.text), "running" if line else "waiting", escape(line))
        return table

    def _shown(self) -> list[Job]:
        # What the terminal has room for: runs that have not ended, before them the latest that have.
        room = max(self._console.height - 4, 3)
        left = [job for job in self._jobs if job.number not in self._standing.rows]
        ended = [job for job in self._jobs if job.number in self._standing.rows]
        return [*ended[max(len(ended) + len(left) - room, 0) :], *left][:room]


def show(console: Console, standing: Standing) -> None:
    """Prints the end of a sweep: a line for each run, means over seeds, the best point, every failure."""
    jobs = [standing.jobs[number] for number in sorted(standing.jobs)]
    metrics = standing.reported()
    table = Table(box=None)
    longest = max((len(word) for job in jobs for word in job.text.split()), default=0)
    table.add_column("run", overflow="fold", min_width=min(longest, _WORD))
    for heading in ("status", *metrics):
        table.add_column(heading, justify="right" if heading in metrics else "left", no_wrap=True)
    table.add_column("", overflow="fold")
    seen: set[str] = set()
    for job in jobs:
        row = standing.rows.get(job.number)
        cells = [figure(row.results[key]) if row and key in row.results else "" for key in metrics]
        state = row.status if row else "not run"
        twin = job.config is not None and job.digest in seen
        about = "the same again" if twin else standing.about(job.number)
        seen.add(job.digest)
        table.add_row(escape(job.text), state, *cells, escape(about))
    console.print(f"\n{counted(len(jobs), 'run')}", markup=False)
    console.print(table)
    points = standing.points()
    if len(points) < len(jobs):
        console.print(_means(standing))
    best = standing.best()
    if best is not None and len(points) > 1:
        result = f"{standing.settings.metric} {best.mean:.5g}" + (f" ± {best.spread:.2g}" if best.runs > 1 else "")
        console.print(f"best: {_name(best)}, {result}", markup=False, soft_wrap=True)


def show_plan(
    console: Console, jobs: Sequence[Job], known: Mapping[str, Row], total: int, seconds: float | None, places: int
) -> None:
    """Prints what a sweep would do.

    Args:
        console: where to.
        jobs: whose points are known before the first result.
        known: rows of configs that have finished before, by digest.
        total: runs in all.
        seconds: what the runs that are left would take one after another; None: nothing to go by.
        places: runs side by side.
    """
    table = Table(box=None)
    for heading in ("run", "point", "would"):
        table.add_column(heading)
    first: dict[str, int] = {}
    counts: dict[str, int] = {}
    for job in jobs:
        if job.config is None:
            word, told = "refuse", job.faults[0]
        elif job.digest in known:
            word, told = "skip", f"finished as {known[job.digest].run_id or known[job.digest].tracked_as}"
        elif job.digest in first:
            word, told = "skip", f"the same as run {first[job.digest]}"
        else:
            word, told = "run", ""
            first[job.digest] = job.number
        counts[word] = counts.get(word, 0) + 1
        table.add_row(str(job.number), escape(job.text), escape(f"{word}  {told}".rstrip()))
    console.print(table)
    said = [f"{count} to {word}" for word, count in counts.items()]
    if total > len(jobs):
        said.append(f"{total - len(jobs)} more depend on results")
    console.print(f"{counted(total, 'run')}: {', '.join(said)}", markup=False, soft_wrap=True)
    if not counts.get("run") and total <= len(jobs):
        console.print("nothing is left to run")
    elif seconds is None:
        console.print("time: unknown; no run of this model and benchmark has finished here yet")
    else:
        console.print(
            f"time: about {_duration(seconds / places)} with {places} at a time, going by runs that have finished here"
        )


def _means(standing: Standing) -> Table:
    table = Table(box=None)
    for heading in ("point", "runs", f"mean {standing.settings.metric}", "spread"):
        table.add_column(heading, justify="left" if heading == "point" else "right")
    for point in standing.points():
        spread = figure(point.spread) if point.runs > 1 else ""
        mean = figure(point.mean) if point.runs else ""
        table.add_row(escape(_name(point)), point.count, mean, spread)
    return table


def _name(point: PointResult) -> str:
    return shown(point.jobs[0].values) or "all seeds"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def _last_line(folder: SweepFolder, number: int) -> str:
    try:
        with folder.log(number).open("rb") as log:
            log.seek(max(log.seek(0, 2) - _TAIL, 0))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
