"""`syntonic-run ls`: the runs in this folder."""

import json
import math
from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.config.errors import RequestError, did_you_mean, harmless
from syntonic.runners.run import filters, labels, listing
from syntonic.runners.run.figures import counted, figure
from syntonic.runners.run.folder import RunFolder, home
from syntonic.runners.run.nearby import hint
from syntonic.runners.run.progress import Output
from syntonic.tracking.base import Status
from syntonic.tracking.stores.remote import in_the_bin

HELP: Final = """\
syntonic-run ls: the runs in .syntonic/ of this folder, or in $SYNTONIC_HOME, the latest first.

  syntonic-run ls                     all of them
  syntonic-run ls --status failed     only those that failed (running, finished, failed, killed, pruned)
  syntonic-run ls trainer=es 'test_accuracy>=0.9'   what is asked of settings, results, metrics and tags: = != > < >= <=
  syntonic-run ls tag.paper=yes       those with this tag
  syntonic-run ls --sort test_loss    by any of these, the smallest first; --reverse: the largest
  syntonic-run ls --limit 10          so many
  syntonic-run ls --json              one JSON object a line, for scripts

It reads the folders of the runs and nothing else, so it works without a store and without a network. A run whose
process is gone, by `kill -9` or a power cut, is marked KILLED; `syntonic-run resume=<run>` continues it.
`*` behind the status: not everything of the run has reached its store; `syntonic-run sync` sends the rest."""

_SHOWN: Final = ("test_accuracy", "accuracy", "test_loss", "loss")  # the first one that a run has


def run(argv: Sequence[str]) -> int:
    """Prints the table and returns the exit code."""
    options = read("ls", argv, values=["--status", "--sort", "--limit"], switches=["--json", "--reverse"], most=100)
    if others := [name for name in options.names if not filters.is_filter(name)]:
        raise RequestError([f"ls: takes no names, got {' '.join(others)}; see `syntonic-run ls --help`"])
    limit = options.flags.get("--limit", "")
    if limit and (not limit.isascii() or not limit.isdigit()):
        raise RequestError([f"ls: --limit {limit}: must be a whole number"])
    wanted = options.flags.get("--status", "").upper()
    if wanted and wanted not in set(Status):
        near = did_you_mean(wanted.lower(), [status.lower() for status in Status])
        raise RequestError([f"ls: --status {wanted.lower()}: there is no such status{near}"])
    folders, faults = listing.survey()
    folders = [folder for folder in folders if wanted in ("", folder.record.status)]
    order, largest = options.flags.get("--sort", ""), "--reverse" in options.flags
    total = len(folders)
    folders = filters.chosen(folders, options.names, order, int(limit) if limit else None, reverse=largest)
    console = Output()
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    gone = listing.deleted(folders)
    if "--json" in options.flags:
        for folder in folders:
            print(json.dumps(_plain(folder) | {"deleted": folder in gone}))
        return 0
    table = Table(box=None)
    for heading in ("run", "name", "status", "generation", "result", "started"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "generation" else "left")
    for folder in folders:
        record = folder.record
        waits = record.status is not Status.RUNNING and folder.uploaded is False
        state = f"{record.status}{'*' * waits}"
        cells = (record.id, record.title, state, f"{folder.generation}/{record.total or '?'}", _result(folder))
        table.add_row(*map(escape, cells), listing.ago(record.started))
    if folders:
        console.print(table, soft_wrap=True)
    elif total:
        console.print(f"none of {counted(total, 'run')} is like that", markup=False)
    else:
        console.print(
            harmless(f"there is no run in {home()}; start one with `syntonic-run`{hint()}"),
            markup=False,
            soft_wrap=True,
        )
    for folder in gone:
        console.print(harmless(f"{folder.record.id}: {in_the_bin(folder.record.run_id)}"), markup=False, soft_wrap=True)
    for fault in faults:
        console.print(f"warning: {harmless(fault)}", markup=False, soft_wrap=True)
    return 0


def _result(folder: RunFolder) -> str:
    point = folder.last_point
    metrics = {**(point.metrics if point else {}), **folder.record.results}
    shown = next((key for key in _SHOWN if key in metrics), None)
    told = [f"{shown} {figure(metrics[shown])}"] if shown else []
    if blind := folder.record.blind:
        told.append(f"every member NaN in {counted(blind, 'generation')}")
    elif point is not None and math.isnan(point.metrics.get("mean_fitness", 0.0)):  # of a run that is going, or killed
        told.append("every member NaN")
    return ", ".join(told)


def _plain(folder: RunFolder) -> dict[str, object]:
    record = folder.record
    return {
        "run": record.id,
        "name": record.title,
        "status": record.status.value,
        "generation": folder.generation,
        "results": dict(record.results),
        "tags": labels.read(folder.path).tags,
        "tracked_as": record.tracked_as,
        "folder": str(record.folder),
        "started": record.started,
    }
