"""What the sweep's own page says: the note that heads it, and one self-contained HTML file with tables and pictures."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from syntonic.runners.sweep import drawing
from syntonic.runners.sweep.importance import importance
from syntonic.runners.sweep.plan import shown
from syntonic.runners.sweep.space import Dimension
from syntonic.runners.sweep.standing import PointResult, Standing

_ROWS: Final = 30  # of the note's table; the HTML page has all
_STYLE: Final = """
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .15em .8em; text-align: left; border-bottom: 1px solid #ddd; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bad { color: #a11; } .tick { fill: #555; }
"""


def note(title: str, standing: Standing) -> str:
    """Returns the sweep in Markdown: the best point, the table of points, every failure with its cause."""
    metric = standing.settings.metric
    lines = [f"## {title}", "", _verdict(standing), ""]
    points = standing.ranked()
    lines += [f"| point | runs | {metric} | spread |", "|---|---|---|---|"]
    for point in points[:_ROWS]:
        lines.append(f"| {_cell(_name(point))} | {point.count} | {_number(point.mean)} | {_number(point.spread)} |")
    if len(points) > _ROWS:
        lines.append(f"\n{len(points) - _ROWS} more in `sweep.html`.")
    failures = standing.failures
    if failures:
        lines += ["", f"**{len(failures)} failed:**", ""]
        lines += [f"- {_cell(standing.jobs[n].text)}: {_cell(cause)}" for n, cause in failures.items()]
    lines += ["", "Pictures and every run: artifact `sweep.html`."]
    return "\n".join(lines)


def html(title: str, standing: Standing, space: Sequence[Dimension]) -> str:
    """Returns the page; it needs nothing but itself."""
    metric = standing.settings.metric
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(_verdict(standing)).replace('**', '')}</p>"]
    parts += _pictures(standing, space)
    parts.append("<h2>Points</h2>")
    rows = [(_name(p), p.count, _number(p.mean), _number(p.spread)) for p in standing.ranked()]
    parts.append(_table(["point", "runs", metric, "spread"], rows))
    if failures := standing.failures:
        parts.append(f'<h2 class="bad">{len(failures)} failed</h2>')
        parts.append(_table(["run", "cause"], [(standing.jobs[n].text, cause) for n, cause in failures.items()]))
    parts.append("<h2>Runs</h2>")
    others = standing.reported()
    body = []
    for number, job in sorted(standing.jobs.items()):
        row = standing.rows.get(number)
        cells = [_number(row.results.get(key)) if row else "" for key in others]
        state = (row.status + (" (before)" if row.reused else "")) if row else "not run"
        state = f"{state}: {row.reason}" if row and row.reason and not standing.trouble(number) else state
        body.append((job.text, state, *cells, f"{row.seconds:.1f} s" if row else "", row.tracked_as if row else ""))
    parts.append(_table(["run", "status", *others, "time", "id"], body))
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>' + (
        f"<style>{_STYLE}</style><body>{''.join(parts)}</body></html>"
    )


def _pictures(standing: Standing, space: Sequence[Dimension]) -> list[str]:
    metric, sign = standing.settings.metric, standing.settings.sign
    numbers = [n for n in sorted(standing.jobs) if standing.value(n) is not None]
    found: list[float] = [value for n in numbers if (value := standing.value(n)) is not None]
    values = [standing.jobs[n].values for n in numbers]
    if len(numbers) < 2 or not values[0]:
        return []
    rows: list[dict[str, Any]] = [{**point, metric: value} for point, value in zip(values, found, strict=True)]
    logarithmic = [dimension.key for dimension in space if dimension.log]
    parts = ["<h2>Runs across their settings</h2>", drawing.parallel_axes(rows, metric, sign, logarithmic)]
    if shares := importance(values, found):
        parts += ["<h2>What mattered</h2>", drawing.bars(shares)]
        share = f"Share of the variation of {metric} that each key accounts for by itself, less what chance would."
        parts.append(f"<p>{escape(share)}</p>")
    return parts


def _verdict(standing: Standing) -> str:
    best = standing.best()
    wanted = "smallest" if standing.settings.sign > 0 else "largest"
    state = f"{standing.ended} of {len(standing.jobs)} runs are done. "
    if best is None:
        return f"{state}No run has a value of {standing.settings.metric} yet."
    spread = f" ± {_number(best.spread)}" if best.runs > 1 else ""
    ids = [row.tracked_as for job in best.jobs if (row := standing.rows.get(job.number)) and row.tracked_as]
    where = f" (run {', '.join(ids[:5])})" if ids else ""
    figure = f"{standing.settings.metric} {_number(best.mean)}{spread}"
    return f"{state}Best point, with the {wanted} {figure}: **{_name(best)}**{where}."


def _name(point: PointResult) -> str:
    return shown(point.jobs[0].values) or "all seeds"


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.5g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td{_class(c)}>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _class(cell: str) -> str:
    try:
        float(cell.removesuffix(" s"))
    except ValueError:
        return ""
    return ' class="n"'
