"""The frame of a report: HTML in which every text that came from a run is escaped, and which loads nothing."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

Cell = str | float | None
_NUMBER: Final = ' class="number"'
# Nothing may be fetched and nothing may run, also if somebody finds a way to put his own text into a report.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_LIGHT: Final = "#1f5fa8 #b1470f #2e7d32 #8e2b8e #8a6100 #00707a #b3261e #5b5b5b".split()
_DARK: Final = "#7db3f0 #f09a63 #81c784 #d99ad9 #e0b040 #5fcfd8 #f28b82 #b8b8b8".split()


def _colours(values: Sequence[str]) -> str:
    return " ".join(f"--c{number}: {value};" for number, value in enumerate(values))


_INK: Final = f"--ink: #1c1c1c; --dim: #565656; --paper: #fff; --line: #c9c9c9; --accent: #8a6100; {_colours(_LIGHT)}"
_NIGHT: Final = (
    f"--ink: #e4e4e4; --dim: #a9a9a9; --paper: #171717; --line: #4a4a4a; --accent: #e0b040; {_colours(_DARK)}"
)
_SERIES: Final = " ".join(
    f".line.c{n} {{ stroke: var(--c{n}) }} .band.c{n} {{ fill: var(--c{n}) }} .dot.c{n} {{ fill: var(--c{n}) }}"
    f" .mark.c{n} {{ background: var(--c{n}) }}"
    for n in range(len(_LIGHT))
)
_STYLE: Final = f"""
:root {{ color-scheme: light dark; {_INK} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_NIGHT} }} }}
* {{ box-sizing: border-box; }}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2em auto;
       max-width: 76em; padding: 0 1em; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.5em; }} h2 {{ font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid var(--line); }}
.wide {{ overflow-x: auto; }} table {{ border-collapse: collapse; margin: 1em 0; overflow-wrap: normal; }}
td, th {{ padding: .15em 1em .15em 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
td.text {{ max-width: 45em; overflow-wrap: anywhere; min-width: 6em; }}
td.text:first-child {{ min-width: 7em; }}
tr.best td {{ font-weight: bold; color: var(--accent); }}
.charts {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(23em, 100%), 1fr)); gap: 1.2em; }}
figure {{ margin: 0; min-width: 0; break-inside: avoid; }} figcaption {{ font-size: .95em; font-weight: 600; }}
figure > svg {{ width: 100%; height: auto; }}
.whole {{ width: 100%; min-width: 46em; }} .whole text {{ font-size: 12px; }}
 .legend {{ font-size: .85em; color: var(--dim); }}
.legend span {{ margin-right: 1em; white-space: nowrap; }} .dash {{ width: 24px; height: 6px; margin-right: .3em; }}
.mark {{ display: inline-block; width: .8em; height: .8em; margin-right: .3em; }} .mark.area {{ opacity: .35; }}
pre {{ white-space: pre-wrap; font-size: .87em; background: color-mix(in srgb, var(--line) 25%, transparent);
      padding: .7em; max-height: 30em; overflow: auto; }}
svg text {{ font: 10px system-ui, sans-serif; fill: var(--ink); }} .axis {{ stroke: var(--dim); fill: none; }}
.grid {{ stroke: var(--line); stroke-width: .5; }} .level {{ stroke: var(--ink); stroke-width: 1.2; }}
.line {{ fill: none; stroke-width: 1.6; }} .band {{ opacity: .25; }} .bar {{ fill: var(--accent); }} {_SERIES}
.status {{ color: var(--accent); font-weight: 600; }} 
.warning {{ border-left: 4px solid var(--c6); padding-left: .8em; }}
summary {{ cursor: pointer; color: var(--dim); }} td.cell {{ text-align: right; padding: .2em .5em; min-width: 2.4em; }}
.sort label {{ cursor: pointer; margin-right: .8em; text-decoration: underline; }} .sort input {{ margin-right: .3em; }}
.sort table {{ display: grid; grid-template-columns: repeat(var(--columns), auto); width: max-content; }}
.sort tbody {{ display: contents; }} .sort tr {{ display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; }}
@media print {{ :root {{ {_INK} color-scheme: light; }} body {{ margin: 0; font-size: 11px; }}
  pre {{ max-height: none; }}
  details:not([open]) > *:not(summary) {{ display: block; }} .wide {{ overflow: visible; }} }}
"""


def page(title: str, sections: Iterable[str]) -> str:
    """Returns a whole HTML document.

    Args:
        title: text, of any origin.
        sections: HTML, made by the functions of this room.
    """
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{chr(10).join(sections)}\n</body></html>\n'


def section(heading: str, body: str) -> str:
    """Returns a section; nothing if it would be empty."""
    return f"<h2>{escape(heading)}</h2>\n{body}" if body else ""


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    best: int | None = None,
    *,
    sortable: str = "",
) -> str:
    """Returns a table, which scrolls by itself where a page is too narrow for it.

    Args:
        headings: of the columns, may be empty.
        rows: cells; numbers are set to the right, None is an empty cell.
        best: the row to be marked.
        sortable: a name, of no other table of the page: the reader can sort by a column, without a script; empty: no.
    """
    found = [list(row) for row in rows]
    numeric = [any(isinstance(row[index], float | int) for row in found) for index in range(len(headings))]
    heads = "".join(_heading(heading, right) for heading, right in zip(headings, numeric, strict=True))
    lines = [f"<tr>{heads}</tr>"] if headings else []
    places = _orders(found) if sortable else []
    for index, row in enumerate(found):
        mark = ' class="best"' if index == best else ""
        orders = ";".join(f"--o{n}:{place + 1}" for n, place in enumerate(places[index])) if sortable else ""
        mark += f' style="{orders}"' if sortable else ""
        lines.append(f"<tr{mark}>{''.join(map(_cell, row))}</tr>")
    whole = "\n".join(["<table>", *lines, "</table>"])
    return f'<div class="wide">{whole}</div>' if not sortable else _sortable(sortable, headings, whole)


def details(summary: str, body: str) -> str:
    """Returns what is folded away until it is asked for."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def text_block(text: str) -> str:
    """Returns a text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def _heading(text: str, right: bool) -> str:
    return f"<th{_NUMBER if right else ''}>{escape(text)}</th>"


def _orders(rows: Sequence[Sequence[Cell]]) -> list[list[int]]:
    # Of each row its place by each column: numbers before texts, the largest first; what is empty comes last.
    columns = []
    for column in zip(*rows, strict=True):
        numbers = sorted(
            (index for index, cell in enumerate(column) if isinstance(cell, float | int)), key=column.__getitem__
        )
        texts = sorted((i for i, cell in enumerate(column) if isinstance(cell, str) and cell), key=column.__getitem__)
        ranked = [*reversed(numbers), *texts, *(i for i, cell in enumerate(column) if cell is None or cell == "")]
        places = [0] * len(column)
        for place, index in enumerate(ranked):
            places[index] = place
        columns.append(places)
    return [list(row) for row in zip(*columns, strict=True)]


def _sortable(name: str, headings: Sequence[str], inside: str) -> str:
    # One button for each column; which one is chosen says by which number the rows are ordered.
    buttons, rules = [f'<label><input type="radio" name="{name}" checked>as ranked</label>'], []
    for index, heading in enumerate(headings):
        if heading:
            key = f"{name}{index}"
            buttons.append(f'<label><input type="radio" name="{name}" id="{key}">{escape(heading)}</label>')
            rules.append(f".{name}:has(#{key}:checked) tr {{ order: var(--o{index}, 0) }}")
    style = f"<style>.{name} {{ --columns: {len(headings)} }} {' '.join(rules)}</style>"
    return f'<div class="sort {name}"><p>Sort by: {"".join(buttons)}</p>{style}<div class="wide">{inside}</div></div>'


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return f'<td class="text">{escape(value)}</td>'
    return f"<td{_NUMBER}></td>" if value is None else f"<td{_NUMBER}>{value:.6g}</td>"
