"""What a notebook shows of a run: how it ended, its results, the curves, and where it is; HTML that loads nothing."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from syntonic.tracking.journal import JOURNAL
from syntonic.tracking.report import charts
from syntonic.tracking.report.history import History
from syntonic.tracking.report.page import table

_FEW: Final = ("loss", "accuracy", "val_loss", "val_accuracy")  # curves, in this order
_SPLITS: Final = ("train", "validation", "test")
_STYLE: Final = (
    "<style>.syntonic {--accent: #b07d00; --line: #8884} .syntonic figure {display: inline-block; margin: 0 1em 0 0}"
    " .syntonic svg {width: 360px; height: auto} .syntonic svg text {font: 10px sans-serif; fill: currentColor}"
    " .syntonic svg .axis {stroke: var(--line); fill: none}</style>"
)


def framed(*parts: str) -> str:
    """Returns parts of HTML in the frame that gives them their style."""
    return f'{_STYLE}<div class="syntonic">{"".join(parts)}</div>'


def run_html(title: str, told: str, results: Mapping[str, float], folder: Path) -> str:
    """Returns a run as HTML, for a notebook.

    Args:
        title: what the run is called.
        told: how it stands.
        results: the final metrics.
        folder: of the run, where its journal is.
    """
    lines = History.read(folder / JOURNAL).lines
    curves = [charts.lines(name, {name: lines[name]}) for name in _FEW if name in lines]
    return framed(
        f"<p><b>{escape(title)}</b>: {escape(told)}</p>",
        results_html(results),
        *curves,
        f"<p><code>{escape(str(folder))}</code></p>",
    )


def results_html(results: Mapping[str, float]) -> str:
    """Returns results as a table, a column for each split; nothing if there are none."""
    splits = [split for split in _SPLITS if any(name.startswith(f"{split}_") for name in results)]
    names = dict.fromkeys(
        name.removeprefix(f"{split}_") for name in results for split in splits if name.startswith(f"{split}_")
    )
    rows = [(name, *(results.get(f"{split}_{name}") for split in splits)) for name in names]
    return table(("metric", *splits), rows) if rows else ""
