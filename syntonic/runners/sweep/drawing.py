"""Two pictures of a sweep, as SVG in its report: its runs as lines across parallel axes, and bars of importance."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

_WIDTH: Final = 880
_HEIGHT: Final = 300
_MARGIN: Final = 70
_BAR: Final = 26  # height of a bar with its gap
_LABEL: Final = 220  # width of the names before the bars


class _Axis:
    # One key: numbers on a scale, logarithmic where that was asked for; anything else in steps.

    def __init__(self, found: Sequence[Any], *, log: bool) -> None:
        self._numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in found)
        self._log = log and self._numeric and min(found) > 0
        if self._numeric:
            self.low, self.high = min(found), max(found)
        self._steps = [] if self._numeric else list(dict.fromkeys(str(value) for value in found))

    def share(self, value: Any) -> float:  # noqa: ANN401 (whatever a config may hold)
        """Returns how far up the axis a value lies, 0 to 1."""
        if not self._numeric:
            return (self._steps.index(str(value)) + 0.5) / len(self._steps)
        low, high, here = self.low, self.high, value
        if self._log:
            low, high, here = math.log(low), math.log(high), math.log(here)
        return 0.5 if high == low else float((here - low) / (high - low))

    def ticks(self) -> list[tuple[float, str]]:
        """Returns where labels stand, and what they say."""
        if self._numeric:
            return [(self.share(value), f"{value:.4g}") for value in dict.fromkeys([self.low, self.high])]
        return [(self.share(step), step) for step in self._steps[:12]]


def parallel_axes(rows: Sequence[Mapping[str, Any]], metric: str, sign: float, logarithmic: Sequence[str] = ()) -> str:
    """Returns the picture: an axis per key, a line per run, the better the darker; the best one is drawn last.

    Args:
        rows: per run the swept values and the metric, all under the same keys.
        metric: the key of the metric, the last axis.
        sign: 1 if small is good, -1 if large is.
        logarithmic: keys whose axis is.
    """
    keys = [key for key in rows[0] if key != metric] + [metric]
    axes = {key: _Axis([row[key] for row in rows], log=key in logarithmic) for key in keys}
    step = (_WIDTH - 2 * _MARGIN) / max(len(keys) - 1, 1)
    places = {key: _MARGIN + index * step for index, key in enumerate(keys)}
    parts = []
    ranked = sorted(rows, key=lambda row: -sign * row[metric])
    for rank, row in enumerate(ranked):
        points = " ".join(f"{places[key]:.1f},{_height(axes[key].share(row[key])):.1f}" for key in keys)
        shade = 0.15 + 0.85 * (rank + 1) / len(ranked)
        colour, width = ("c1", 3) if rank == len(ranked) - 1 else ("c0", 1.5)
        parts.append(
            f'<polyline points="{points}" class="line {colour}" style="stroke-width: {width}" opacity="{shade:.2f}"/>'
        )
    for key in keys:
        x = places[key]
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_height(1)}" y2="{_height(0)}" class="axis"/>')
        parts.append(f'<text x="{x:.1f}" y="18" text-anchor="middle" font-weight="bold">{escape(key)}</text>')
        for share, label in axes[key].ticks():
            y = _height(share) + 4
            parts.append(f'<text x="{x + 6:.1f}" y="{y:.1f}" class="tick">{escape(label[:24])}</text>')
    return _svg(_HEIGHT, parts)


def bars(shares: Mapping[str, float]) -> str:
    """Returns the picture: a bar per key, its length the share from 0 to 1."""
    parts = []
    for index, (key, share) in enumerate(shares.items()):
        y = 8 + index * _BAR
        width = share * (_WIDTH - _LABEL - 80)
        parts.append(f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(key)}</text>')
        parts.append(f'<rect x="{_LABEL}" y="{y}" width="{max(width, 1):.1f}" height="18" class="bar"/>')
        parts.append(f'<text x="{_LABEL + width + 8:.1f}" y="{y + 14}">{share:.0%}</text>')
    return _svg(16 + _BAR * len(shares), parts)


def _height(share: float) -> float:
    return round(_HEIGHT - 20 - share * (_HEIGHT - 55), 1)


def _svg(height: int, parts: Sequence[str]) -> str:
    head = f'<div class="wide"><svg class="whole" viewBox="0 0 {_WIDTH} {height}" role="img">'
    return f"{head}\n{chr(10).join(parts)}\n</svg></div>"
