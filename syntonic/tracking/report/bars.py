"""Bars as inline SVG: a histogram of whole numbers, and named shares."""

from collections.abc import Mapping
from html import escape
from typing import Final

from syntonic.tracking.report import charts
from syntonic.tracking.report.axis import Axis
from syntonic.tracking.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

_STYLE: Final = "text{font:10px sans-serif}.bar{fill:#8a6100}.axis{stroke:#888;fill:none}.grid{stroke:#ddd}"
_ROW: Final = 20  # height of a named bar with its gap
_LETTERS: Final = 26  # of a name before its bar; a longer one is cut in its middle


def histogram(caption: str, counts: Mapping[int, float], width: int, x: str, note: str = "") -> str:
    """Returns bars over a scale of numbers.

    Args:
        caption: what is counted.
        counts: by the first number of each bar, ascending.
        width: how many whole numbers a bar covers.
        x: the name of the horizontal axis.
        note: what stands under it.
    """
    if not counts:
        return ""
    first, end = min(counts), max(counts) + width
    across, upward = Axis(first - 0.5, end - 0.5), Axis(0.0, max(counts.values()) or 1.0)
    drawn = [charts.frame(across, upward, x, "how many")]
    span, bottom = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM
    for start, height in counts.items():
        left, right = (LEFT + across.share(edge - 0.5) * span for edge in (start, start + width))
        tall = upward.share(height) * (bottom - TOP)
        named = str(start) if width == 1 else f"{start} to {start + width - 1}"
        box = f'x="{left:.1f}" y="{bottom - tall:.1f}" width="{max(right - left - 0.5, 0.5):.1f}" height="{tall:.1f}"'
        drawn.append(f'<rect class="bar" {box}><title>{named}: {height:.6g}</title></rect>')
    return charts.figure(caption, "".join(drawn), escape(note))


def named(caption: str, shares: Mapping[str, float], *, top: float = 1.0) -> str:
    """Returns a bar for each name, with its number behind it.

    Args:
        caption: what the bars show.
        shares: finite numbers from 0 to `top`, by name.
        top: what a bar of full length is.
    """
    if not shares:
        return ""
    label = 10 + 6 * min(_LETTERS, max(map(len, shares)))
    room, drawn = WIDTH - label - 56, []
    for row, (name, share) in enumerate(shares.items()):
        middle = _ROW * row + 14
        tall = f'height="{_ROW - 6}"'
        length = room * min(max(share / top, 0.0), 1.0)
        drawn.append(f'<text x="{label - 6}" y="{middle}" text-anchor="end">{escape(_short(name))}</text>')
        drawn.append(f'<rect class="bar" x="{label}" y="{middle - 10}" width="{max(length, 0.5):.1f}" {tall}>')
        drawn.append(f"<title>{escape(name)}: {share:.6g}</title></rect>")
        drawn.append(f'<text x="{label + length + 5:.1f}" y="{middle}">{share:.4g}</text>')
    return charts.figure(caption, "".join(drawn), height=_ROW * len(shares) + 8)


def file(figure: str) -> str:
    """Returns the picture of a figure as a file of its own, which needs its own style."""
    inside = figure[figure.index("<svg ") + 5 : figure.index("</svg>")]
    size = f'width="{2 * WIDTH}" height="{2 * HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {inside}<style>{_STYLE}</style></svg>'


def _short(name: str) -> str:
    half = _LETTERS // 2 - 1
    return name if len(name) <= _LETTERS else f"{name[:half]}…{name[-half:]}"
