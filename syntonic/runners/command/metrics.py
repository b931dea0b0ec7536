"""`syntonic-run metrics`: the metrics of a run by generation."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Final

from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.config.errors import RequestError, did_you_mean, harmless
from syntonic.runners.run import listing
from syntonic.runners.run.figures import figure
from syntonic.runners.run.progress import Output
from syntonic.tracking.journal import JOURNAL, Point, Tail

HELP: Final = """\
syntonic-run metrics [RUN [METRIC...]]: the metrics of a run by generation.

  syntonic-run metrics                          the latest run, about twenty of its generations
  syntonic-run metrics last loss accuracy       these metrics alone
  syntonic-run metrics last --csv > run.csv     every generation, as comma-separated values
  syntonic-run metrics last --json              one JSON object a line
  syntonic-run metrics last --every 10          each tenth generation"""

_ROWS: Final = 20  # of the table


def run(argv: Sequence[str]) -> int:
    """Prints the metrics and returns the exit code."""
    options = read("metrics", argv, values=["--every"], switches=["--csv", "--json"], most=100)
    if {"--csv", "--json"} <= set(options.flags):
        raise RequestError(["metrics: --csv or --json, not both"])
    every = options.flags.get("--every", "")
    if every and (not every.isascii() or not every.isdigit() or int(every) < 1):
        raise RequestError([f"metrics: --every {every}: must be a whole number from 1"])
    console = Output()
    folder = listing.find(options.names[0] if options.names else "last", console.warn)
    journal = folder.path / JOURNAL
    points = list(Tail(journal).new()) if journal.is_file() else []
    known = list(dict.fromkeys(key for point in points for key in point.metrics))
    wanted = options.names[1:] or known
    if points and (unknown := [key for key in wanted if key not in known]):
        raise RequestError([f"metrics: {folder.record.id} has no {key!r}{did_you_mean(key, known)}" for key in unknown])
    as_data = {"--csv", "--json"} & set(options.flags)
    step = int(every) if every else 1 if as_data else max(1, len(points) // _ROWS)
    shown = [
        point for number, point in enumerate(points, 1) if number % step == 0 or (number == len(points) and not every)
    ]
    if "--csv" in options.flags:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["generation", *wanted])
        writer.writerows([point.step, *(point.metrics.get(key, "") for key in wanted)] for point in shown)
    elif "--json" in options.flags:
        for point in shown:
            print(json.dumps({"generation": point.step, **{k: v for k, v in point.metrics.items() if k in wanted}}))
    else:
        _table(console, wanted, shown)
    return 0


def _table(console: Output, keys: Sequence[str], points: Sequence[Point]) -> None:
    table = Table(box=None)
    for heading in ("generation", *keys):
        table.add_column(harmless(heading), justify="right", no_wrap=True)
    for point in points:
        cells = (figure(point.metrics[key]) if key in point.metrics else "" for key in keys)
        table.add_row(str(point.step), *cells)
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    console.print(table, soft_wrap=True)
