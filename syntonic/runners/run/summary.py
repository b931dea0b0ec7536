"""The last thing a run prints: its result against the chance level, its cost, where it is, and what to do next."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from syntonic.benchmarks.standards import Held, best
from syntonic.runners.command.help import command, dashboard
from syntonic.runners.run.figures import figure
from syntonic.tracking.base import Receipt, Status

SPLITS: Final = ("train", "validation", "test")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        results: the centre's final metrics, `train_...` and `test_...`; empty unless FINISHED.
        held: what the results are held against.
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
    held: Held = field(default_factory=Held)
    reason: str = ""
    exit_code: int = 0


def show(console: Console, outcome: Outcome) -> None:
    """Prints the summary of a run."""
    state = outcome.status.value + (f" ({outcome.reason})" if outcome.reason else "")
    head = f"\n{outcome.title}: {state} after {outcome.generation} of {outcome.total} generations"
    console.print(head, markup=False, soft_wrap=True)
    if outcome.results:
        console.print(_table(outcome.results, outcome.held))
        for key, value in _standards(outcome.held):
            console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)
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


def _table(results: Mapping[str, float], held: Held) -> Table:
    baseline = {metric: value for metric, (_, value) in best(held.rules).items()}
    columns: dict[str, dict[str, float | None]] = {
        split: {metric: results.get(f"{split}_{metric}") for metric in _metrics(results)} for split in SPLITS
    }
    columns |= {"chance": dict(held.chance), "baseline": dict(baseline), "ceiling": dict(held.ceiling)}
    shown = {
        heading: column for heading, column in columns.items() if any(value is not None for value in column.values())
    }
    table = Table(box=None, pad_edge=True)
    table.add_column("metric")
    for heading in shown:
        table.add_column(heading, justify="right")
    for metric in _metrics(results):
        cells = (column.get(metric) for column in shown.values())
        table.add_row(metric, *("" if cell is None else figure(cell) for cell in cells))
    return table


def _standards(held: Held) -> Iterator[tuple[str, str]]:
    """Yields what the table's columns mean."""
    for metric, (rule, _) in best(held.rules).items():
        others = [f"{name} {figure(of[metric])}" for name, of in held.rules.items() if name != rule and metric in of]
        yield "baseline", f"{metric} of the {rule}" + (f"; {', '.join(others)}" if others else "")
    if held.cases is not None:
        yield "test cases", f"{held.cases.distinct:,} distinct, {held.cases.unseen:,} of them unseen in training"


def _metrics(results: Iterable[str]) -> list[str]:
    # Every metric once, whatever its prefix: `train_accuracy` and `test_accuracy` are one line of the table.
    return list(
        dict.fromkeys(
            key.removeprefix(f"{split}_") for key in results for split in SPLITS if key.startswith(f"{split}_")
        )
    )
