"""`syntonic-run compare`: what differs between runs."""

from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.config.errors import RequestError, printable
from syntonic.runners.config.run_config import flattened
from syntonic.runners.run import listing
from syntonic.runners.run.progress import Output

HELP: Final = """\
syntonic-run compare RUN RUN...: the settings in which runs differ, and their results side by side.

  syntonic-run compare last 20261122-0012     the latest run and another, by the first letters of its id
  syntonic-run compare RUN RUN RUN --all      equal settings too

Read `syntonic-run ls` for the ids; MLflow's ids do as well."""

_MOST: Final = 8


def run(argv: Sequence[str]) -> int:
    """Prints the table and returns the exit code."""
    options = read("compare", argv, switches=["--all"], most=_MOST)
    if len(options.names) < 2:
        raise RequestError(["compare: name two runs or more, for example `syntonic-run compare last RUN`"])
    console = Output()
    folders = [listing.find(name, console.warn) for name in options.names]
    records = [folder.record for folder in folders]
    settings = [{key: str(value) for key, value in flattened(record.config)} for record in records]
    keys = sorted({key for each in settings for key in each})
    shown = [key for key in keys if "--all" in options.flags or len({each.get(key) for each in settings}) > 1]
    table = Table(box=None)
    table.add_column("")
    for record in records:
        table.add_column(escape(record.id), overflow="fold")
    for key in shown:
        table.add_row(*(escape(printable(text)) for text in (key, *(each.get(key, "") for each in settings))))
    table.add_section()
    table.add_row("status", *(record.status.value for record in records))
    table.add_row("generation", *(str(folder.generation) for folder in folders))
    for key in sorted({key for record in records for key in record.results}):
        cells = (f"{record.results[key]:.6g}" if key in record.results else "" for record in records)
        table.add_row(escape(printable(key)), *cells)
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    if not shown:
        console.print("the settings are the same")
    console.print(table, soft_wrap=True)
    return 0
