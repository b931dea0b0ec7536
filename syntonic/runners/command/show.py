"""`syntonic-run show`: one run."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from syntonic.runners.command.help import command
from syntonic.runners.command.options import read
from syntonic.runners.config.errors import harmless
from syntonic.runners.config.run_config import flattened
from syntonic.runners.run import labels, listing, open_dashboard, summary
from syntonic.runners.run.figures import throughput
from syntonic.runners.run.folder import RunFolder, home
from syntonic.runners.run.progress import Output
from syntonic.tracking import outcome
from syntonic.tracking.base import Status
from syntonic.tracking.spool import Spool, SpoolError

HELP: Final = """\
syntonic-run show [RUN]: one run: result, what it is held against, cost, settings that are not the defaults, files.

  syntonic-run show                     the latest run
  syntonic-run show 20261122-0012       a run, by the first letters of its id
  syntonic-run show last --all          all of its settings
  syntonic-run show last --json         everything as one JSON object"""


def run(argv: Sequence[str]) -> int:
    """Prints the run and returns the exit code."""
    options = read("show", argv, switches=["--all", "--json"], most=1)
    console = Output()
    folder = listing.find(options.names[0] if options.names else "last", console.warn)
    if "--json" in options.flags:
        print(json.dumps(_plain(folder), indent=1))
        return 0
    record, found = folder.record, outcome.read(folder.path)
    state = record.status.value + (f" ({record.reason})" if record.reason else "")
    head = f"{record.title}: {state} after {folder.generation} of {record.total or '?'} generations"
    console.print(harmless(head), markup=False, soft_wrap=True)
    if record.results:
        _results(console, summary.rows(record.results, found.chance, found.baseline, found.ceiling))
    settings = {key: str(value) for key, value in flattened(record.config)}
    wanted = list(settings) if "--all" in options.flags or not found.changed else found.changed
    lines = [*_facts(folder, found), *(("setting", f"{key}={settings[key]}") for key in wanted if key in settings)]
    for key, value in lines:
        console.print(harmless(f"  {key:<10} {value}"), markup=False, soft_wrap=True)
    return 0


def _results(console: Console, rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None)
    for index, heading in enumerate(rows[0]):
        table.add_column(heading, justify="right" if index else "left")
    for row in rows[1:]:
        table.add_row(*map(harmless, row))
    console.print(table)


def _facts(folder: RunFolder, found: outcome.Outcome) -> Iterator[tuple[str, str]]:
    record, own = folder.record, labels.read(folder.path)
    yield "started", listing.ago(record.started)
    if record.seconds:
        yield "time", f"{record.seconds:.2f} s of training, {throughput(record.evaluations / record.seconds)}"
    if found.weights:
        yield "weights", f"{found.weights:,}, on {found.device}"
    yield from (("data", line) for line in found.data)
    if found.command:
        yield "command", found.command
    if own.tags:
        yield "tags", " ".join(f"{key}={value}" for key, value in sorted(own.tags.items()))
    if own.note:
        yield "note", own.note
    yield "files", str(record.folder)
    if record.status is not Status.FINISHED:
        yield "resume", command(f"syntonic-run resume={record.id}")
    if page := _page(folder):
        yield "dashboard", page


def _page(folder: RunFolder) -> str | None:
    try:
        receipt = Spool(folder.path).read_receipt()
    except SpoolError:
        return None
    store = receipt.store if receipt is not None else ""
    record = folder.record
    return open_dashboard.page(home(), record.id, record.tracked_as, store, served=store.startswith("sqlite:"))


def _plain(folder: RunFolder) -> dict[str, object]:
    record, own = folder.record, labels.read(folder.path)
    return {
        "run": record.id,
        "name": record.title,
        "status": record.status.value,
        "reason": record.reason,
        "generation": folder.generation,
        "results": dict(record.results),
        "seconds": record.seconds,
        "evaluations": record.evaluations,
        "config": record.config,
        "overrides": record.overrides,
        "inputs": record.inputs,
        "tags": own.tags,
        "note": own.note,
        "tracked_as": record.tracked_as,
        "folder": str(record.folder),
        "started": record.started,
    }
