"""A confusion matrix as a table: the darker a cell, the larger its share of the row."""

from collections.abc import Sequence
from html import escape
from typing import Final

_MOST: Final = 30  # classes that a page has room for
_SHADE: Final = 42  # per cent of the colour at most, so that the number stays readable


def matrix(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Returns the table; nothing if there are no classes, or too many.

    Args:
        classes: their names.
        counts: test examples of a class (row) that were taken for a class (column).
    """
    size = len(classes)
    if not 1 < size <= _MOST or len(counts) != size or any(len(row) != size for row in counts):
        return ""
    heads = "".join(f'<th class="number">{escape(name)}</th>' for name in classes)
    lines = [f'<tr><th>is \\ taken for</th>{heads}<th class="number">right</th></tr>']
    for index, row in enumerate(counts):
        whole = sum(row)
        cells = "".join(
            _cell(count, count / whole if whole else 0.0, right=index == place) for place, count in enumerate(row)
        )
        share = f"{row[index] / whole:.1%}" if whole else ""
        lines.append(f'<tr><th>{escape(classes[index])}</th>{cells}<td class="number">{share}</td></tr>')
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _cell(count: int, share: float, *, right: bool) -> str:
    colour = "--c2" if right else "--c6"
    shade = f"color-mix(in srgb, var({colour}) {_SHADE * share:.0f}%, transparent)"
    return f'<td class="cell" style="background: {shade}">{count}</td>'
