"""The last thing a run prints: its result against the chance level, its cost, where it is, and what to do next."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from syntonic.benchmarks.standards import Held, best
from syntonic.runners.command.help import command
from syntonic.runners.run import open_dashboard
from syntonic.runners.run.figures import figure, throughput
from syntonic.runners.run.folder import home
from syntonic.runners.run.record import RunRecord
from syntonic.tracking.base import Status

SPLITS: Final = ("train", "validation", "test")


def show(console: Console, record: RunRecord, held: Held) -> None:
    """Prints the summary of a run."""
    state = record.status.value + (f" ({record.reason})" if record.reason else "")
    head = f"\n{record.title}: {state} after {record.generation} of {record.total or 0} generations"
    console.print(head, markup=False, soft_wrap=True)
    if record.results:
        if _metrics(record.results):
            console.print(_table(record.results, held, console.width))
        for key, value in [*_standards(held), *_targets(record.results), *_others(record.results)]:
            console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)
    rate = record.evaluations / record.seconds if record.seconds > 0 else 0.0
    lines = [
        ("time", f"{record.seconds:.2f} s of training, {throughput(rate)}"),
        ("recorded", f"run {record.run_id} in {record.store}"),
        ("files", str(record.folder)),
    ]
    if record.status is not Status.FINISHED:
        lines.append(("resume", command(f"syntonic-run resume={record.run_id}")))
    if page := open_dashboard.page(home(), record.id, record.tracked_as, record.store, served=record.dashboard):
        lines.append(("dashboard", page))
    for key, value in lines:
        console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)
    if record.blind:
        console.print(f"  warning    {said_of_blind(record)}", markup=False, soft_wrap=True)
    for problem in record.problems:
        console.print(f"  warning    {problem}", markup=False, soft_wrap=True)


def said_of_blind(record: RunRecord) -> str:
    """Returns what to say of generations that learnt nothing from their members."""
    return (
        f"in {record.blind:,} of {record.generation or 0:,} generations the loss of every member was NaN, and "
        "nothing was learnt; try a smaller trainer.sigma or trainer.learning_rate, or trainer.dtype=float64"
    )


def table(console: Console, results: Mapping[str, float], held: Held) -> None:
    """Prints results as the summary of a run does, beside what they are held against."""
    console.print(_table(results, held, console.width))
    for key, value in [*_standards(held), *_others(results)]:
        console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)


def rows(
    results: Mapping[str, float],
    chance: Mapping[str, float],
    baseline: Mapping[str, float],
    ceiling: Mapping[str, float],
) -> list[list[str]]:
    """Returns the table of results as text: the headings, then a row for each metric; empty columns are left out."""
    columns: dict[str, dict[str, float | None]] = {
        split: {metric: results.get(f"{split}_{metric}") for metric in _metrics(results)} for split in SPLITS
    }
    columns |= {"chance": dict(chance), "baseline": dict(baseline), "ceiling": dict(ceiling)}
    shown = {
        heading: column for heading, column in columns.items() if any(value is not None for value in column.values())
    }
    lines = [["metric", *shown]]
    for metric in _metrics(results):
        cells = (column.get(metric) for column in shown.values())
        lines.append([metric, *("" if cell is None else figure(cell) for cell in cells)])
    return lines


def _table(results: Mapping[str, float], held: Held, width: int) -> Table:
    # A row for each metric; where that is too wide, a column.
    baseline = {metric: value for metric, (_, value) in best(held.rules).items()}
    lines = rows(results, held.chance, baseline, held.ceiling)
    if sum(2 + max(map(len, column)) for column in zip(*lines, strict=True)) > width:
        lines = [list(column) for column in zip(*lines, strict=True)]
    table = Table(box=None, pad_edge=True)
    for index, heading in enumerate(lines[0]):
        table.add_column(heading, justify="right" if index else "left")
    for line in lines[1:]:
        table.add_row(*line)
    return table


def _standards(held: Held) -> Iterator[tuple[str, str]]:
    """Yields what the table's columns mean."""
    for metric, (rule, _) in best(held.rules).items():
        others = [f"{name} {figure(of[metric])}" for name, of in held.rules.items() if name != rule and metric in of]
        yield "baseline", f"{metric} of the {rule}" + (f"; {', '.join(others)}" if others else "")
    if held.cases is not None:
        yield "test cases", f"{held.cases.distinct:,} distinct, {held.cases.unseen:,} of them unseen in training"


def _others(results: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Yields what is neither of a split nor the cost of a target."""
    for key, value in results.items():
        if not key.startswith(tuple(f"{split}_" for split in SPLITS)) and "_to_" not in key:
            yield "result", f"{key} {figure(value)}"


def _targets(results: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """Yields what it took to reach the targets."""
    for key, generations in results.items():
        target = key.removeprefix("generations_to_")
        if target != key:
            metric, _, value = target.rpartition("_")
            evaluations, seconds = (results.get(f"{cost}_to_{target}", 0.0) for cost in ("evaluations", "seconds"))
            spent = f"{generations:,.0f} generations, {evaluations:,.0f} evaluations, {seconds:.3g} s of training"
            yield "reached", f"{metric} {value} after {spent}"


def _metrics(results: Iterable[str]) -> list[str]:
    # Every metric once, whatever its prefix: `train_accuracy` and `test_accuracy` are one line of the table.
    return list(
        dict.fromkeys(
            key.removeprefix(f"{split}_") for key in results for split in SPLITS if key.startswith(f"{split}_")
        )
    )
