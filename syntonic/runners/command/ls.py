"""`syntonic-run ls`: the runs in this folder."""

import json
from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.config.errors import RequestError, did_you_mean, harmless
from syntonic.runners.run import listing as overview
from syntonic.runners.run.figures import figure
from syntonic.runners.run.folder import home
from syntonic.runners.run.nearby import hint
from syntonic.runners.run.progress import Output
from syntonic.tracking.base import Status

HELP: Final = """\
syntonic-run ls: the runs in .syntonic/ of this folder, or in $SYNTONIC_HOME, the latest first.

  syntonic-run ls                     all of them
  syntonic-run ls --status failed     only those that failed (running, finished, failed, killed)
  syntonic-run ls --json              one JSON object a line, for scripts

It reads the folders of the runs and nothing else, so it works without a store and without a network. A run whose
process is gone, by `kill -9` or a power cut, is written down as KILLED; `syntonic-run resume=<run>` goes on with it.
`*` behind the status: not everything of the run has reached its store; `syntonic-run sync` sends the rest."""

_SHOWN: Final = ("test_accuracy", "accuracy", "test_loss", "loss")  # the first one that a run has


def run(words: Sequence[str]) -> int:
    """Prints the table and returns the exit code."""
    options = read("ls", words, values=["--status"], switches=["--json"])
    wanted = options.flags.get("--status", "").upper()
    if wanted and wanted not in set(Status):
        near = did_you_mean(wanted.lower(), [status.lower() for status in Status])
        raise RequestError([f"ls: --status {wanted.lower()}: there is no such status{near}"])
    runs, faults = overview.survey()
    runs = [seen for seen in runs if wanted in ("", seen.status)]
    console = Output()
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    if "--json" in options.flags:
        for seen in runs:
            print(json.dumps(_plain(seen)))
        return 0
    table = Table(box=None)
    for heading in ("run", "name", "status", "generation", "result", "started"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "generation" else "left")
    for seen in runs:
        status = seen.status.value + ("*" if seen.delivered is False and seen.status is not Status.RUNNING else "")
        cells = (seen.facts.id, seen.facts.title, status, f"{seen.generation}/{seen.total}", _result(seen))
        table.add_row(*map(escape, cells), overview.ago(seen.facts.started))
    if runs:
        console.print(table, soft_wrap=True)
    else:
        console.print(
            harmless(f"there is no run in {home()}; start one with `syntonic-run`{hint()}"),
            markup=False,
            soft_wrap=True,
        )
    for fault in faults:
        console.print(f"warning: {harmless(fault)}", markup=False, soft_wrap=True)
    return 0


def _result(seen: overview.Seen) -> str:
    metrics = {**(seen.point.metrics if seen.point else {}), **seen.results}
    shown = next((key for key in _SHOWN if key in metrics), None)
    return f"{shown} {figure(metrics[shown])}" if shown else ""


def _plain(seen: overview.Seen) -> dict[str, object]:
    return {
        "run": seen.facts.id,
        "name": seen.facts.title,
        "status": seen.status.value,
        "generation": seen.generation,
        "results": dict(seen.results),
        "tracked_as": seen.facts.tracked_as,
        "folder": str(seen.path),
        "started": seen.facts.started,
    }
