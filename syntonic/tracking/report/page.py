"""The frame of a report: HTML in which every text that came from a run is escaped, and which loads nothing."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

# Nothing may be fetched and nothing may run, also if somebody finds a way to put his own text into a report.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --line: #8884; --accent: #b07d00; }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #181818; --accent: #e0b040; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2em auto;
       max-width: 70em; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; margin: 1em 0; } td, th { padding: .15em 1em .15em 0; text-align: left;
       vertical-align: top; border-bottom: 1px solid var(--line); } td.number { text-align: right;
       font-variant-numeric: tabular-nums; } tr.best td { font-weight: bold; color: var(--accent); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(22em, 1fr)); gap: 1em; }
figure { margin: 0; } figcaption { font-size: .9em; } svg { width: 100%; height: auto; } pre { overflow-x: auto;
       font-size: .85em; background: #8881; padding: .7em; max-height: 30em; }
svg text { font: 10px system-ui, sans-serif; fill: var(--ink); } svg .axis { stroke: var(--line); fill: none; }
svg .bar { fill: var(--accent); } .status { color: var(--accent); }
"""


def page(title: str, sections: Iterable[str]) -> str:
    """Returns a whole HTML document.

    Args:
        title: text, of any origin.
        sections: HTML, made by the functions of this room.
    """
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{chr(10).join(sections)}\n</body></html>\n'


def section(heading: str, body: str) -> str:
    """Returns a section; nothing if it would be empty."""
    return f"<h2>{escape(heading)}</h2>\n{body}" if body else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str | float | None]], best: int | None = None) -> str:
    """Returns a table.

    Args:
        headings: of the columns, may be empty.
        rows: cells; numbers are set to the right, None is an empty cell.
        best: the row to be marked.
    """
    lines = ["<table>"]
    if headings:
        lines.append(f"<tr>{''.join(f'<th>{escape(heading)}</th>' for heading in headings)}</tr>")
    for index, row in enumerate(rows):
        mark = ' class="best"' if index == best else ""
        lines.append(f"<tr{mark}>{''.join(map(_cell, row))}</tr>")
    return "\n".join([*lines, "</table>"])


def text_block(text: str) -> str:
    """Returns a text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return '<td class="number"></td>' if value is None else f'<td class="number">{value:.6g}</td>'
