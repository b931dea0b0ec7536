"""What the model of a run depends on and looks like, from `analysis.json` of the run: a table and two figures."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from syntonic.tracking.report import bars, charts
from syntonic.tracking.report.page import Cell, table

FILE: Final = "analysis.json"
_LARGEST: Final = 8 << 20  # bytes
_HEADINGS: Final = (
    "parameter",
    "slope",
    "curvature",
    "agreement",
    "snap",
    "norm/phi",
    "effective rank",
    "of",
    "low modes",
)
_MEANING: Final = (
    "Slope: root mean square of the loss's slopes when it alone is moved along random directions; agreement: "
    "share of directions in which both sides agree; snap: what the loss changes by on the lattice; low modes: share of "
    "the energy."
)


def shown(folder: Path) -> str:
    """Returns the section's content; nothing where there is no analysis, or none that can be used."""
    path = folder / FILE
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        found = json.loads(path.read_bytes())["parameters"]
        rows = [_row(entry) for entry in found]
        slopes = {str(entry["name"]): _number(entry["sensitivity"]["slope"]) for entry in found}
        spectra = {str(entry["name"]): entry["spectrum"]["singular_values"] for entry in found if entry["spectrum"]}
        lines = {
            name: [(float(place), float(value)) for place, value in enumerate(values, start=1)]
            for name, values in spectra.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return f"<p>{_MEANING}</p>{table(_HEADINGS, rows)}{''.join(_figures(slopes, lines))}"


def _figures(slopes: Mapping[str, float], lines: Mapping[str, charts.Line]) -> Iterator[str]:
    known = {name: slope for name, slope in slopes.items() if math.isfinite(slope)}
    yield '<div class="charts">'
    yield bars.named("slope of the loss by parameter", known, top=max(known.values(), default=0.0) or 1.0)
    yield charts.lines("singular values", lines, x="index", log=True)
    yield "</div>"


def _row(entry: Mapping[str, Any]) -> list[Cell]:
    moved, matrix = entry["sensitivity"], entry["spectrum"]
    cells: list[Cell] = [str(entry["name"])]
    cells += [_cell(moved[name]) for name in ("slope", "curvature", "agreement", "snap_change")]
    if matrix is None:
        return [*cells, None, None, None, None]
    spectrum = [_cell(matrix[name]) for name in ("radius_over_phi", "effective_rank")]
    return [*cells, *spectrum, float(len(matrix["singular_values"])), _cell(entry["low_energy"])]


def _cell(value: object) -> Cell:
    number = _number(value)
    return float(f"{number:.4g}") if math.isfinite(number) else "NaN"


def _number(value: Any) -> float:  # noqa: ANN401 (of a file)
    return math.nan if value is None else float(value)
