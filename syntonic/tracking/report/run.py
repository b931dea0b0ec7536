"""The report of one run: result, curves, syntony per layer, lattice, settings, where it comes from."""

import json
import time
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from syntonic.tracking.base import Provenance, Status
from syntonic.tracking.journal import JOURNAL
from syntonic.tracking.report import charts, lattice
from syntonic.tracking.report.history import History
from syntonic.tracking.report.page import page, section, table, text_block
from syntonic.tracking.spool import End, Request, Spool, SpoolError

_LONGEST_DIFF: Final = 20_000  # characters
_LARGEST_FACTS: Final = 1 << 20  # bytes


def run_page(spool: Spool, history: History | None = None) -> str:
    """Returns the report of a run as HTML.

    Args:
        spool: of the run.
        history: what its journal tells, if somebody has read it already.

    Raises:
        SpoolError: if the run's folder cannot be used.
    """
    request, end = spool.read_request(), spool.read_end()
    if request is None:
        raise SpoolError(f"{spool.run_folder} holds no run")
    origin = spool.read_origin() or Provenance({}, {})
    history = history or History.read(spool.run_folder / JOURNAL)
    model = spool.run_folder / "model"
    return page(
        request.title,
        [
            _head(request, end, history.last_step),
            section("Result", _result(end)),
            section("Curves", _grid(history.figures())),
            section("Syntony per parameter", _grid([charts.bars("syntony S, 0 to 1", _syntony(model))])),
            section("Lattice", _grid(lattice.histograms(model / "parameters.safetensors"))),
            section("Settings", table((), sorted(request.params.items()))),
            section("Where it comes from", _provenance(request, origin)),
        ],
    )


def _head(request: Request, end: End | None, last: int) -> str:
    status = end.ending.status if end else Status.RUNNING
    reason = f" ({end.ending.tags['reason']})" if end and "reason" in end.ending.tags else ""
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(max(0.0, min(request.started, 4e9))))
    return (
        f'<h1>{escape(request.title)}</h1><p><span class="status">{escape(status.value + reason)}</span> '
        f"after generation {last}; run {escape(request.run)}, started {began}</p>"
    )


def _result(end: End | None) -> str:
    if end is None:
        return ""
    note = text_block(end.ending.texts["traceback.txt"]) if "traceback.txt" in end.ending.texts else ""
    results = end.ending.results
    names = list(dict.fromkeys(key.removeprefix("train_").removeprefix("test_") for key in results))
    rows = [(name, results.get(f"train_{name}"), results.get(f"test_{name}", results.get(name))) for name in names]
    return (table(("metric", "train", "test"), rows) if rows else "") + note


def _syntony(model: Path) -> Mapping[str, float]:
    path = model / "model.json"
    try:
        if path.stat().st_size > _LARGEST_FACTS:
            return {}
        found = json.loads(path.read_bytes())["syntony"]
        return {str(name): float(value) for name, value in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _provenance(request: Request, origin: Provenance) -> str:
    rows = sorted({**origin.tags, **request.tags}.items())
    diff = origin.files.get("git.diff", "")
    shown = diff[:_LONGEST_DIFF] + (
        "\n(cut here; the whole diff is an artifact of the run)" if diff[_LONGEST_DIFF:] else ""
    )
    return table((), rows) + (text_block(shown) if diff else "")


def _grid(figures: Iterable[str]) -> str:
    drawn = [figure for figure in figures if figure]
    return f'<div class="charts">{"".join(drawn)}</div>' if drawn else ""
