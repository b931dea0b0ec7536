"""The last thing a run prints: its result against the chance level, its cost, where it is, and what to do next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from syntonic.runners.command.help import command, dashboard
from syntonic.runners.run.figures import figure
from syntonic.tracking.base import Receipt, Status


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        results: the centre's final metrics, `train_...` and `test_...`; empty unless FINISHED.
        chance: the level that guessing reaches, by metric.
        seconds: of training in this process.
        evaluations: members evaluated in this process.
        reason: why it ended before its last generation; empty if it did not.
        exit_code: what the command answers with.
    """

    title: str
    status: Status
    generation: int
    total: int
    seconds: float
    evaluations: int
    receipt: Receipt
    folder: Path
    results: Mapping[str, float] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    exit_code: int = 0


def show(console: Console, outcome: Outcome) -> None:
    """Prints the summary of a run."""
    state = outcome.status.value + (f" ({outcome.reason})" if outcome.reason else "")
    head = f"\n{outcome.title}: {state} after {outcome.generation} of {outcome.total} generations"
    console.print(head, markup=False, soft_wrap=True)
    if outcome.results:
        console.print(_table(outcome.results, outcome.chance))
    rate = outcome.evaluations / outcome.seconds if outcome.seconds > 0 else 0.0
    lines = [
        ("time", f"{outcome.seconds:.2f} s, {rate:,.0f} evaluations/s"),
        ("recorded", f"run {outcome.receipt.run_id} in {outcome.receipt.store}"),
        ("files", str(outcome.folder)),
    ]
    if outcome.status is not Status.FINISHED:
        lines.append(("go on", command(f"syntonic-run resume={outcome.receipt.run_id}")))
    if outcome.receipt.served:
        lines.append(("dashboard", dashboard()))
    for key, value in lines:
        console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)
    for problem in outcome.receipt.problems:
        console.print(f"  warning    {problem}", markup=False, soft_wrap=True)


def _table(results: Mapping[str, float], chance: Mapping[str, float]) -> Table:
    table = Table(box=None, pad_edge=True)
    for heading in ("metric", "train", "test", "chance"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for metric in _metrics(results):
        cells = [results.get(f"train_{metric}"), results.get(f"test_{metric}"), chance.get(metric)]
        table.add_row(metric, *("" if cell is None else figure(cell) for cell in cells))
    return table


def _metrics(results: Iterable[str]) -> list[str]:
    # Every metric once, whatever its prefix: `train_accuracy` and `test_accuracy` are one line of the table.
    return list(dict.fromkeys(key.removeprefix("train_").removeprefix("test_") for key in results))
