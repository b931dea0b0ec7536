"""The report of a sweep: its note in the tracking store, and `sweep.html`, one file that needs nothing else.

The sweep writes it at its end, `syntonic-run report SWEEP` at any time; both judge by the sweep's own metric.
"""

import os
import statistics
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from syntonic.runners.run.folder import home
from syntonic.runners.sweep import dots, drawing
from syntonic.runners.sweep.importance import importance
from syntonic.runners.sweep.paired import differences
from syntonic.runners.sweep.plan import shown
from syntonic.runners.sweep.points import Job, PointResult
from syntonic.runners.sweep.state import SweepState
from syntonic.tracking.journal import JOURNAL
from syntonic.tracking.report import charts
from syntonic.tracking.report.history import History
from syntonic.tracking.report.page import page, section, table

FILE: Final = "sweep.html"
_POINTS: Final = 30  # of the note's table; the HTML file has all
_CURVES: Final = ("loss", "accuracy", "syntony")
_LINES: Final = 24  # runs whose curves are drawn, the best ones: more cannot be told apart


def note(title: str, state: SweepState) -> str:
    """Returns the sweep in Markdown: the best point, the table of points, every failure with its cause."""
    metric = state.settings.chosen
    lines = [f"## {title}", "", _verdict(state), ""]
    points = state.ranked()
    lines += [f"| point | runs | {metric} | spread |", "|---|---|---|---|"]
    for point in points[:_POINTS]:
        lines.append(f"| {_cell(_name(point))} | {point.count} | {_number(point.mean)} | {_number(point.spread)} |")
    if len(points) > _POINTS:
        lines.append(f"\n{len(points) - _POINTS} more in `{FILE}`.")
    failures = state.failures
    if failures:
        lines += ["", f"**{len(failures)} failed:**", ""]
        lines += [f"- {_cell(state.jobs[n].text)}: {_cell(cause)}" for n, cause in failures.items()]
    lines += ["", f"Pictures and every run: artifact `{FILE}`."]
    return "\n".join(lines)


def html(title: str, state: SweepState, logarithmic: Sequence[str]) -> str:
    """Returns the report as HTML.

    Args:
        title: of the sweep.
        state: of the sweep.
        logarithmic: swept keys that are drawn on a logarithmic axis.
    """
    failures = [(state.jobs[n].text, cause) for n, cause in state.failures.items()]
    return page(
        title,
        [
            f"<h1>{escape(title)}</h1>\n<p>{escape(_verdict(state)).replace('**', '')}</p>",
            section("Runs across their settings", _axes(state, logarithmic)),
            section("What mattered", _importance(state)),
            section("Points", dots.points(state.settings.chosen, _dots(state)) + _points(state)),
            section("What each setting does", _effects(state)),
            section("Curves", _curves(state)),
            section(f"{len(failures)} failed", table(("run", "cause"), failures) if failures else ""),
            section("Runs", _runs(state)),
        ],
    )


def write(path: Path, text: str) -> None:
    """Writes a report, whole or not at all.

    Raises:
        OSError: if the disk refuses it.
    """
    hidden = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        hidden.write_text(text, encoding="utf-8", errors="replace")  # a name of a folder may be none in UTF-8
        hidden.replace(path)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise


def _verdict(state: SweepState) -> str:
    best = state.best()
    wanted = "smallest" if state.settings.sign > 0 else "largest"
    done = f"{state.ended} of {len(state.jobs)} runs are done. "
    if best is None:
        return f"{done}No run has a value of {state.settings.chosen} yet."
    spread = f" ± {_number(best.spread)}" if best.runs > 1 else ""
    found = [state.results.get(job.number) for job in best.jobs]
    ids = [result.tracked_as or result.run_id for result in found if result and (result.tracked_as or result.run_id)]
    where = f" (run {', '.join(ids[:5])})" if ids else ""
    figure = f"{state.settings.chosen} {_number(best.mean)}{spread}"
    return f"{done}Best point, with the {wanted} {figure}: **{_name(best)}**{where}."


def _valued(state: SweepState) -> list[tuple[Job, float]]:
    # The runs that have a value, the best first.
    found = [(state.jobs[n], value) for n in sorted(state.jobs) if (value := state.value(n)) is not None]
    return sorted(found, key=lambda each: state.settings.sign * each[1])


def _axes(state: SweepState, logarithmic: Sequence[str]) -> str:
    metric, found = state.settings.chosen, _valued(state)
    if len(found) < 2 or not found[0][0].values:
        return ""
    lines: list[dict[str, Any]] = [{**job.values, metric: value} for job, value in found]
    return drawing.parallel_axes(lines, metric, state.settings.sign, logarithmic)


def _importance(state: SweepState) -> str:
    found = _valued(state)
    shares = importance([job.values for job, _ in found], [value for _, value in found]) if found else {}
    told = "Share of the variation of {} that each key accounts for by itself, less what chance would."
    return f"{drawing.bars(shares)}<p>{escape(told.format(state.settings.chosen))}</p>" if shares else ""


def _points(state: SweepState) -> str:
    metric, ranked = state.settings.chosen, state.ranked()
    points = state.points()
    by_name = {_name(point): gap for point, gap in zip(points, differences(state, points), strict=True)}
    lines: list[tuple[str | float | None, ...]] = []
    for point in ranked:
        gap = by_name[_name(point)]
        less = (gap.mean, f"{gap.low:+.4g} to {gap.high:+.4g}", gap.pairs) if gap else (None, "", None)
        lines.append((_name(point), point.count, _cellular(point.mean), _cellular(point.spread), *less))
    headings = ["point", "runs", f"mean {metric}", "spread", "less the first", "95 % interval", "pairs of seeds"]
    shown = 7 if any(by_name.values()) else 4
    told = (
        "" if shown == 4 else "<p>Less the first: the mean difference on the same seeds, with Student's interval.</p>"
    )
    rows = [line[:shown] for line in lines]
    return table(headings[:shown], rows, 0 if state.best() else None, sortable="points") + told


def _dots(state: SweepState) -> dict[str, list[float]]:
    # The values of the runs of each point, the best point first.
    found = {}
    for point in state.ranked():
        values = [value for job in point.jobs if (value := state.value(job.number)) is not None]
        if values:
            found[_name(point)] = values
    return found


def _effects(state: SweepState) -> str:
    # For each value of each setting: the median over everything else, which is what an ablation asks.
    found = _valued(state)
    lines: list[tuple[str | float | None, ...]] = []
    for key in found[0][0].values if found else ():
        groups: dict[str, list[float]] = {}
        for job, value in found:
            groups.setdefault(str(job.values[key]), []).append(value)
        if key == "seed" or not 1 < len(groups) < len(found):  # with a value of its own for each run, `Points` says it
            continue
        for setting, values in groups.items():
            lines.append((key, setting, str(len(values)), statistics.median(values), min(values), max(values)))
    heading = f"{state.settings.chosen}: median"
    return table(("setting", "value", "runs", heading, "lowest", "highest"), lines) if lines else ""


def _curves(state: SweepState) -> str:
    # Runs of one point have one colour; their names are in the hints, those of the points in the table above.
    histories, colours = {}, {}
    numbers = {_name(point): number for number, point in enumerate(state.ranked())}
    for job, _ in _valued(state)[:_LINES]:
        if run := state.results[job.number].run_id:
            name = job.text or run
            histories[name] = History.read(home() / "runs" / run / JOURNAL)
            colours[name] = numbers[shown(job.values) or "all seeds"]
    drawn = [
        charts.lines(
            key,
            {name: told.lines[key] for name, told in histories.items() if key in told.lines},
            log=key == "loss",
            colours=colours,
        )
        for key in _CURVES
    ]
    return f'<div class="charts">{"".join(drawn)}</div>' if any(drawn) else ""


def _runs(state: SweepState) -> str:
    reported = state.reported()
    lines: list[tuple[str | float | None, ...]] = []
    for number, job in sorted(state.jobs.items()):
        result = state.results.get(number)
        if result is None:
            lines.append((job.text, "not run", *[None] * len(reported), None, ""))
            continue
        said = result.status + (" (before)" if result.reused else "")
        said = f"{said}: {result.reason}" if result.reason and not state.trouble(number) else said
        cells = [_cellular(result.results.get(key)) for key in reported]
        lines.append((job.text, said, *cells, round(result.seconds, 1), result.tracked_as or result.run_id))
    return table(("run", "status", *reported, "seconds", "id"), lines, sortable="runs")


def _name(point: PointResult) -> str:
    return shown(point.jobs[0].values) or "all seeds"


def _cellular(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _number(value: float) -> str:
    return "" if value != value else f"{value:.5g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
