"""Charts of lines as inline SVG: axes with names, units and round numbers, bands, and levels to hold a line against."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

from syntonic.tracking.report.axis import Axis

Line = Sequence[tuple[float, float]]
Band = tuple[Line, Line]
"""The lower and the upper edge."""

WIDTH: Final = 400
HEIGHT: Final = 210
LEFT, RIGHT, TOP, BOTTOM = 58, 10, 10, 38
COLOURS: Final = 8  # that the page's style has
_BUCKETS: Final = 150  # of a line: two pixels each
_NAMED: Final = 12  # lines that the legend names
_DASHES: Final = ("6 3", "2 3", "8 3 2 3")


def lines(
    caption: str,
    series: Mapping[str, Line],
    *,
    x: str = "generation",
    y: str = "",
    levels: Mapping[str, float] | None = None,
    bands: Mapping[str, Band] | None = None,
    log: bool = False,
    colours: Mapping[str, int] | None = None,
) -> str:
    """Returns a chart of lines; an empty string if no line has a finite point.

    Args:
        caption: what is drawn.
        series: points (x, y) by name, x ascending; NaNs are gaps. Where there are several, each has its name.
        x: the name of the horizontal axis, with its unit.
        y: that of the vertical one; empty: the caption.
        levels: what the lines are held against, by name; finite ones are drawn as dashed lines.
        bands: areas between two lines, by name, drawn under all lines.
        log: whether the vertical axis may be logarithmic, where all values are positive and span decades.
        colours: a colour's number by the name of a line; None: one after the other.
    """
    sound = {name: _thinned([p for p in line if math.isfinite(p[1])]) for name, line in series.items()}
    points = [point for line in sound.values() for point in line]
    if not points:
        return ""
    areas = {name: _sound(band) for name, band in (bands or {}).items()}
    held = {name: value for name, value in (levels or {}).items() if math.isfinite(value)}
    heights = [*(height for _, height in points), *held.values()]
    heights += [height for band in areas.values() for edge in band for _, height in edge]
    across = Axis.of(place for place, _ in points)
    upward = Axis.of(heights, log=log)
    drawn = [frame(across, upward, x, y or caption)]
    for number, (low, high) in enumerate(areas.values()):
        edge = _path(across, upward, [*low, *reversed(high)])
        drawn.append(f'<polygon points="{edge}" class="band c{number % COLOURS}"/>')
    for number, value in enumerate(held.values()):
        height = _down(upward, value)
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height}" y2="{height}"'
        drawn.append(f'<line {ends} class="level" stroke-dasharray="{_DASHES[number % len(_DASHES)]}"/>')
    numbers = {name: (colours or {}).get(name, number) % COLOURS for number, name in enumerate(sound)}
    for name, line in sound.items():
        hint = f"<title>{escape(name)}</title>"
        drawn.append(
            f'<polyline points="{_path(across, upward, line)}" class="line c{numbers[name]}">{hint}</polyline>'
        )
    return figure(caption, "".join(drawn), _legend(numbers, areas, held))


def frame(across: Axis, upward: Axis, x: str, y: str) -> str:
    """Returns both axes with their names and ticks, and a grid."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    drawn = [f'<path class="axis" d="M{LEFT},{TOP} V{bottom} H{right}"/>']
    for share, text in upward.ticks():
        height = round(bottom - share * (bottom - TOP), 1)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{height}" y2="{height}"/>')
        drawn.append(f'<text x="{LEFT - 5}" y="{height + 3.5:.1f}" text-anchor="end">{text}</text>')
    ticks = list(across.ticks())
    for share, text in ticks:
        place = LEFT + share * (right - LEFT)
        anchor = "end" if share > 0.95 else "middle"
        drawn.append(f'<text x="{place:.1f}" y="{bottom + 14}" text-anchor="{anchor}">{text}</text>')
    middle = (TOP + bottom) / 2
    drawn.append(f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x)}</text>')
    name = escape(f"{y[:34]}{' (log)' if upward.log else ''}")
    turned = f'x="12" y="{middle:.0f}" transform="rotate(-90 12 {middle:.0f})" text-anchor="middle"'
    return "".join([*drawn, f"<text {turned}>{name}</text>"])


def figure(caption: str, inside: str, below: str = "", *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Returns a picture with what stands over and under it, both HTML but for the caption."""
    label = escape(caption)
    picture = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{inside}</svg>'
    return f'<figure><figcaption>{label}</figcaption>{picture}<div class="legend">{below}</div></figure>'


def _sound(band: Band) -> Band:
    low, high = ([point for point in edge if math.isfinite(point[1])] for edge in band)
    return _thinned(low), _thinned(high)


def _path(across: Axis, upward: Axis, line: Line) -> str:
    right = WIDTH - RIGHT
    return " ".join([f"{LEFT + across.share(x) * (right - LEFT):.1f},{_down(upward, y)}" for x, y in line])


def _down(upward: Axis, value: float) -> float:
    bottom = HEIGHT - BOTTOM
    return round(bottom - upward.share(value) * (bottom - TOP), 1)


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


def _legend(numbers: Mapping[str, int], areas: Mapping[str, Band], held: Mapping[str, float]) -> str:
    return " ".join(_marks(numbers, areas, held))


def _marks(numbers: Mapping[str, int], areas: Mapping[str, Band], held: Mapping[str, float]) -> Iterator[str]:
    if len(numbers) > 1 or areas or held:
        for name, number in list(numbers.items())[:_NAMED]:
            yield f'<span><i class="mark c{number}"></i>{escape(name)}</span>'
        if len(numbers) > _NAMED:
            yield f"<span>and {len(numbers) - _NAMED} more</span>"
    for number, name in enumerate(areas):
        yield f'<span><i class="mark area c{number % COLOURS}"></i>{escape(name)}</span>'
    for number, (name, value) in enumerate(held.items()):
        dashes = _DASHES[number % len(_DASHES)]
        line = f'<line x2="24" y1="3" y2="3" class="level" stroke-dasharray="{dashes}"/>'
        dash = f'<svg class="dash" viewBox="0 0 24 6" aria-hidden="true">{line}</svg>'
        yield f"<span>{dash}{escape(name)} {value:.4g}</span>"
