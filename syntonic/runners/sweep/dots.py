"""The points of a sweep as a picture: its runs as dots, their mean, a band from the least to the largest."""

import statistics
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from syntonic.tracking.report import charts
from syntonic.tracking.report.axis import Axis
from syntonic.tracking.report.charts import COLOURS, RIGHT, TOP, WIDTH

_ROW: Final = 26  # height of a point
_MOST: Final = 40  # points that are drawn, the best ones
_BELOW: Final = 34  # for the axis
_LETTERS: Final = 60


def points(metric: str, values: Mapping[str, Sequence[float]]) -> str:
    """Returns the picture; nothing for less than two points.

    Args:
        metric: of the sweep, the name of the axis.
        values: of the runs of each point, finite, the best point first.
    """
    shown = dict(list(values.items())[:_MOST])
    if len(shown) < 2:
        return ""
    across = Axis.of([value for each in shown.values() for value in each])
    left, span = RIGHT, WIDTH - 2 * RIGHT
    bottom = TOP + 2 * _ROW * len(shown)
    drawn = [f'<path class="axis" d="M{left},{bottom} H{left + span}"/>']
    for share, text in across.ticks():
        place = f"{left + share * span:.1f}"
        anchor = "end" if share > 0.9 else "start" if share < 0.1 else "middle"
        drawn.append(f'<line class="grid" x1="{place}" x2="{place}" y1="{TOP}" y2="{bottom}"/>')
        drawn.append(f'<text x="{place}" y="{bottom + 14}" text-anchor="{anchor}">{text}</text>')
    drawn.append(f'<text x="{WIDTH / 2:.0f}" y="{bottom + 29}" text-anchor="middle">{escape(metric)}</text>')
    for row, (name, found) in enumerate(shown.items()):
        high = TOP + 2 * _ROW * row + 14
        low, top, mean = (left + across.share(v) * span for v in (min(found), max(found), statistics.fmean(found)))
        colour = f"c{row % COLOURS}"
        drawn.append(f'<text x="{left}" y="{high}">{escape(name[:_LETTERS])}</text>')
        box = f'x="{low:.1f}" y="{high + 9}" width="{max(top - low, 1):.1f}" height="12"'
        drawn.append(f'<rect class="band {colour}" {box}/>')
        for value in found:
            drawn.append(
                f'<circle class="dot {colour}" cx="{left + across.share(value) * span:.1f}" cy="{high + 15}" r="3"/>'
            )
        hint = f"<title>{escape(name)}: mean {statistics.fmean(found):.6g} of {len(found)}</title>"
        ends = f'x1="{mean:.1f}" x2="{mean:.1f}" y1="{high + 6}" y2="{high + 24}"'
        drawn.append(f'<line class="level" {ends} stroke-width="2">{hint}</line>')
    caption = f"{metric} of each point: runs, their mean (line), and the band from the least to the largest"
    return f'<div class="charts">{charts.figure(caption, "".join(drawn), height=bottom + _BELOW)}</div>'
