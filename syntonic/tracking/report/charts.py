"""Charts as inline SVG: lines over generations, and bars."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

Line = Sequence[tuple[float, float]]

_WIDTH: Final = 360
_HEIGHT: Final = 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 8, 22
_BUCKETS: Final = 150  # of a line: two pixels each


def lines(caption: str, series: Mapping[str, Line]) -> str:
    """Returns a chart of several lines, each with its name; of one line without.

    Args:
        caption: what is drawn.
        series: points (x, y) by name, x ascending; NaNs are gaps.
    """
    sound = {name: _thinned([p for p in line if math.isfinite(p[1])]) for name, line in series.items()}
    points = [point for line in sound.values() for point in line]
    if not points:
        return ""
    frame = _Frame(points)
    drawn = []
    for index, (name, line) in enumerate(sound.items()):
        colour = "var(--accent)" if len(sound) == 1 else f"hsl({index * 360 // len(sound)} 65% 50%)"
        path = frame.path(line)
        hint = f"<title>{escape(name)}</title>"
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.3">{hint}</polyline>')
    legend = "" if len(sound) == 1 else _legend(list(sound))
    return _figure(caption, frame.axes() + "".join(drawn), legend)


def bars(caption: str, heights: Mapping[str, float], note: str = "") -> str:
    """Returns a chart of bars with a name under each; names are left out where they would not fit."""
    if not heights:
        return ""
    top = max(heights.values()) or 1.0
    width = (_WIDTH - _LEFT - _RIGHT) / len(heights)
    every = math.ceil(len(heights) / 9)
    drawn = [f'<text x="4" y="{_TOP + 8}">{top:.4g}</text>']
    for index, (name, height) in enumerate(heights.items()):
        tall = (_HEIGHT - _TOP - _BOTTOM) * max(0.0, height) / top
        left = _LEFT + index * width
        title = f"<title>{escape(name)}: {height:.6g}</title>"
        box = f'x="{left + 0.5:.1f}" y="{_HEIGHT - _BOTTOM - tall:.1f}" width="{max(width - 1, 0.5):.1f}"'
        drawn.append(f'<rect class="bar" {box} height="{tall:.1f}">{title}</rect>')
        if index % every == 0:
            label = (
                f'<text x="{left + width / 2:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(name[-12:])}</text>'
            )
            drawn.append(label)
    return _figure(caption, "".join(drawn), escape(note))


def file(figure: str) -> str:
    """Returns the picture of a figure as a file of its own, which needs its own style."""
    inside = figure[figure.index("<svg ") + 5 : figure.index("</svg>")]
    style = "<style>text{font:10px sans-serif}.bar{fill:#b07d00}</style>"
    size = f'width="{2 * _WIDTH}" height="{2 * _HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {inside}{style}</svg>'


class _Frame:
    # Where numbers lie in the picture.

    def __init__(self, points: Line) -> None:
        xs, ys = zip(*points, strict=True)
        self._xs = min(xs), max(xs)
        self._ys = min(ys), max(ys)

    def path(self, line: Line) -> str:
        (left, across), (low, up) = _range(*self._xs), _range(*self._ys)
        wide, tall, bottom = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM, _HEIGHT - _BOTTOM
        return " ".join(
            [f"{_LEFT + (x / 2 - left) / across * wide:.1f},{bottom - (y / 2 - low) / up * tall:.1f}" for x, y in line]
        )

    def axes(self) -> str:
        low, high = self._ys
        first, last = self._xs
        bottom = _HEIGHT - _BOTTOM
        return (
            f'<path class="axis" d="M{_LEFT},{_TOP} V{bottom} H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end">{high:.4g}</text>'
            f'<text x="{_LEFT - 4}" y="{bottom}" text-anchor="end">{low:.4g}</text>'
            f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{first:g}</text>'
            f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{last:g}</text>'
        )


def _range(low: float, high: float) -> tuple[float, float]:
    # Half of the lowest number, and half of what lies between: the difference of two large numbers may be none.
    span = high / 2 - low / 2
    return (low / 2, span) if span > 0 else (low / 2 - 0.5, 1.0)


def _thinned(line: Line) -> Line:
    # The lowest and the highest point of each bucket of equal width: no peak is lost.
    if len(line) <= 2 * _BUCKETS:
        return line
    xs, ys = [x for x, _ in line], [y for _, y in line]
    width = (xs[-1] - xs[0]) / _BUCKETS
    cuts = [0, *(bisect_left(xs, xs[0] + index * width) for index in range(1, _BUCKETS)), len(xs)]
    kept = [line[0]]
    for start, end in pairwise(cuts):
        if heights := ys[start:end]:
            low, high = heights.index(min(heights)), heights.index(max(heights))
            kept += (line[start + min(low, high)], line[start + max(low, high)])
    return [*kept, line[-1]]


def _legend(names: Sequence[str]) -> str:
    marks = [
        f'<span style="color: hsl({index * 360 // len(names)} 65% 50%)">&#9632;</span> {escape(name)}'
        for index, name in enumerate(names[:12])
    ]
    more = [f"and {len(names) - 12} more"] if len(names) > 12 else []
    return " ".join([*marks, *more])


def _figure(caption: str, inside: str, below: str) -> str:
    label = escape(caption)
    picture = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{inside}</svg>'
    return f"<figure><figcaption>{label}</figcaption>{picture}<div>{below}</div></figure>"
