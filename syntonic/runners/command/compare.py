"""`syntonic-run compare`: what differs between runs."""

from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import flattened
from syntonic.runners.run import listing as overview
from syntonic.runners.run.folder import printable
from syntonic.runners.run.progress import Output

HELP: Final = """\
syntonic-run compare RUN RUN...: the settings in which runs differ, and their results side by side.

  syntonic-run compare last 20261122-0012     the latest run and another, by the first letters of its id
  syntonic-run compare RUN RUN RUN --all      equal settings too

Read `syntonic-run ls` for the ids; MLflow's ids do as well."""

_MOST: Final = 8


def run(words: Sequence[str]) -> int:
    """Prints the table and returns the exit code."""
    options = read("compare", words, switches=["--all"], most=_MOST)
    if len(options.names) < 2:
        raise RequestError(["compare: name two runs or more, for example `syntonic-run compare last RUN`"])
    runs = [overview.find(name) for name in options.names]
    settings = [{key: str(value) for key, value in flattened(seen.facts.config)} for seen in runs]
    keys = sorted({key for each in settings for key in each})
    shown = [key for key in keys if "--all" in options.flags or len({each.get(key) for each in settings}) > 1]
    table = Table(box=None)
    table.add_column("")
    for seen in runs:
        table.add_column(escape(seen.facts.id), overflow="fold")
    for key in shown:
        table.add_row(*(escape(printable(text)) for text in (key, *(each.get(key, "") for each in settings))))
    table.add_section()
    table.add_row("status", *(seen.status.value for seen in runs))
    table.add_row("generation", *(str(seen.generation) for seen in runs))
    for key in sorted({key for seen in runs for key in seen.results}):
        table.add_row(
            escape(printable(key)), *(f"{seen.results[key]:.6g}" if key in seen.results else "" for seen in runs)
        )
    console = Output()
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    if not shown:
        console.print("the settings are the same")
    console.print(table, soft_wrap=True)
    return 0
