"""The report of a sweep: its points in a table, what each setting does, and the curves over one another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from syntonic.tracking.base import Status
from syntonic.tracking.journal import JOURNAL, Tail
from syntonic.tracking.outbox import Outbox, OutboxError, Request
from syntonic.tracking.report import charts
from syntonic.tracking.report.page import page, section, table

_PREFERRED: Final = ("test_accuracy", "test_loss", "accuracy", "loss")
_SMALLER_IS_BETTER: Final = "loss"
_CURVES: Final = ("loss", "accuracy", "syntony")


@dataclass(frozen=True)
class Child:
    """One run of a sweep: what was set, how it ended."""

    outbox: Outbox
    settings: dict[str, str]
    status: Status
    results: dict[str, float]
    reason: str


def sweep_page(home: Path, sweep: str) -> str:
    """Returns the report of a sweep as HTML.

    Args:
        home: the root of all runs.
        sweep: its id, which its runs carry as the tag `sweep`.

    Raises:
        OutboxError: if no run belongs to it.
    """
    children = list(_children(home, sweep))
    if not children:
        raise OutboxError(f"no run in {home} belongs to a sweep {sweep!r}")
    varied = _varied(children)
    metric = next((name for name in _PREFERRED if any(name in child.results for child in children)), None)
    counts = ", ".join(
        f"{sum(child.status is status for child in children)} {status.lower()}"
        for status in Status
        if any(child.status is status for child in children)
    )
    return page(
        f"sweep {sweep}",
        [
            f"<h1>sweep {escape(sweep)}</h1><p>{len(children)} runs: {counts}</p>",
            section("Points", _points(children, varied, metric)),
            section("What each setting does", _effects(children, varied, metric)),
            section("Curves", _overlaid(children, varied)),
            section("Failures", _failures(children, varied)),
        ],
    )


def _children(home: Path, sweep: str) -> Iterable[Child]:
    for path in sorted((home / "runs").glob("*/tracking/request.json")):
        outbox = Outbox(path.parent.parent)
        try:
            request, end = outbox.read_request(), outbox.read_end()
        except OutboxError:
            continue
        if request is None or request.tags.get("sweep") != sweep:
            continue
        ending = end.ending if end else None
        yield Child(
            outbox,
            _settings(request),
            ending.status if ending else Status.RUNNING,
            dict(ending.results) if ending else {},
            ending.tags.get("reason", "") if ending else "",
        )


def _settings(request: Request) -> dict[str, str]:
    # What was typed says more than what it came to: `trainer=es` changes five arguments.
    words = dict(word.split("=", 1) for word in request.tags.get("sweep.point", "").split() if "=" in word)
    return {**words, "seed": request.params.get("seed", "")} if words else dict(request.params)


def _varied(children: Sequence[Child]) -> list[str]:
    keys = dict.fromkeys(key for child in children for key in child.settings if key != "name")
    return [key for key in keys if len({child.settings.get(key) for child in children}) > 1]


def _better(metric: str, values: Sequence[float]) -> float:
    return min(values) if metric.endswith(_SMALLER_IS_BETTER) else max(values)


def _points(children: Sequence[Child], varied: Sequence[str], metric: str | None) -> str:
    metrics = list(dict.fromkeys(key for child in children for key in child.results if key.startswith("test_")))
    rows = [
        (
            child.outbox.run_folder.name,
            *(child.settings.get(key, "") for key in varied),
            child.status.value,
            *(child.results.get(key) for key in metrics),
        )
        for child in children
    ]
    found = [child.results[metric] for child in children if metric is not None and metric in child.results]
    best = None
    if metric is not None and found:
        wanted = _better(metric, found)
        best = next(index for index, child in enumerate(children) if child.results.get(metric) == wanted)
    return table(("run", *varied, "status", *metrics), rows, best)


def _effects(children: Sequence[Child], varied: Sequence[str], metric: str | None) -> str:
    # For each value of each setting: the median over everything else, which is what an ablation asks.
    if metric is None:
        return ""
    from statistics import median  # takes longer to import than the report of a run takes to write

    rows: list[tuple[str | float | None, ...]] = []
    for key in varied:
        if key == "seed":
            continue
        for value in dict.fromkeys(child.settings.get(key, "") for child in children):
            of_it = [child for child in children if child.settings.get(key, "") == value]
            found = [child.results[metric] for child in of_it if metric in child.results]
            if found:
                rows.append((key, value, float(len(found)), median(found), min(found), max(found)))
    return table(("setting", "value", "runs", f"{metric}: median", "lowest", "highest"), rows) if rows else ""


def _overlaid(children: Sequence[Child], varied: Sequence[str]) -> str:
    figures = []
    for key in _CURVES:
        series = {}
        for child in children:
            points = Tail(child.outbox.run_folder / JOURNAL).new()
            line = [(point.step, point.metrics[key]) for point in points if key in point.metrics]
            if line:
                series[_label(child, varied)] = line
        figures.append(charts.lines(key, series))
    return f'<div class="charts">{"".join(figures)}</div>' if any(figures) else ""


def _failures(children: Sequence[Child], varied: Sequence[str]) -> str:
    failed = [child for child in children if child.status in (Status.FAILED, Status.KILLED)]
    rows = [(child.outbox.run_folder.name, _label(child, varied), child.status.value, child.reason) for child in failed]
    return table(("run", "point", "status", "reason"), rows) if rows else ""


def _label(child: Child, varied: Sequence[str]) -> str:
    return " ".join(f"{key.rpartition('.')[2]}={child.settings.get(key, '')}" for key in varied) or "all"
