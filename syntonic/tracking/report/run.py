"""The report of one run: result and what it is held against, curves, layers, answers, lattice, settings, origin."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from syntonic.tracking import outcome
from syntonic.tracking.base import Provenance, Status
from syntonic.tracking.journal import JOURNAL
from syntonic.tracking.outcome import Outcome
from syntonic.tracking.report import analysis, bars, curves, lattice
from syntonic.tracking.report.confusion import matrix
from syntonic.tracking.report.history import History
from syntonic.tracking.report.page import Cell, details, page, section, table, text_block
from syntonic.tracking.spool import End, Request, Spool, SpoolError

_LONGEST_DIFF: Final = 20_000  # characters
_LARGEST_FACTS: Final = 1 << 20  # bytes
_SPLITS: Final = ("train", "validation", "test")
_EXAMPLE: Final = ("asked", "right", "the model says")
_STANDARDS: Final = ("chance", "baseline", "ceiling")


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
    found = outcome.read(spool.run_folder)
    results = end.ending.results if end is not None else {}
    model = spool.run_folder / "model"
    return page(
        request.title,
        [
            _head(request, end, history.last_step),
            _blind(history),
            section("Result", _result(end, found) + _facts(request, found)),
            section("Curves", _grid(curves.figures(history, results, found))),
            section("Layers", _grid([bars.named("syntony S of each parameter, 0 to 1", _syntony(model))])),
            section("Sensitivity and spectra", analysis.shown(spool.run_folder)),
            section("Confusion", matrix(found.classes, found.confusion)),
            section("Example answers", _examples(found)),
            section("Lattice", _grid(lattice.histograms(model / "parameters.safetensors"))),
            section("Settings", _settings(request.params, found)),
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


def _blind(history: History) -> str:
    if not history.blind:
        return ""
    many = f"In {history.blind:,} generation{'s' * (history.blind > 1)} the fitness of every member was NaN, so that"
    return (
        f'<p class="warning">{many} nothing was learnt there. Make trainer.sigma or trainer.learning_rate smaller.</p>'
    )


def _result(end: End | None, found: Outcome) -> str:
    if end is None:
        return ""
    note = text_block(end.ending.texts["traceback.txt"]) if "traceback.txt" in end.ending.texts else ""
    results = dict(end.ending.results)
    names = dict.fromkeys(name for key in results if (name := _metric(key)))
    rows = [[name, *_figures(name, results, found)] for name in names]
    shown = [0, *(n for n in range(1, 7) if any(row[n] is not None for row in rows))]
    headings = ["metric", *_SPLITS, *_STANDARDS]
    judged = table([headings[n] for n in shown], [[row[n] for n in shown] for row in rows]) if rows else ""
    others = [(key, value) for key, value in results.items() if not _metric(key)]
    return judged + _rules(found) + (details("what else was measured", table((), others)) if others else "") + note


def _metric(key: str) -> str:
    # What a split's figure is of; empty for a result of no split.
    return next((key.removeprefix(f"{split}_") for split in _SPLITS if key.startswith(f"{split}_")), "")


def _figures(name: str, results: Mapping[str, float], found: Outcome) -> Iterator[Cell]:
    yield from (results.get(f"{split}_{name}") for split in _SPLITS)
    yield from (getattr(found, standard).get(name) for standard in _STANDARDS)


def _rules(found: Outcome) -> str:
    said = [f"baseline: {metric} of the {rule}" for metric, rule in found.rules.items()]
    if found.distinct is not None and found.unseen is not None:
        said.append(f"{found.distinct:,} distinct test cases, {found.unseen:,} of them unseen in training")
    return f"<p>{escape('; '.join(said))}</p>" if said else ""


def _examples(found: Outcome) -> str:
    rows = [row for row in found.examples if len(row) == len(_EXAMPLE)]
    return f"<p>Test examples, spread evenly:</p>{table(_EXAMPLE, rows)}" if rows else ""


def _facts(request: Request, found: Outcome) -> str:
    rate = found.evaluations / found.seconds if found.seconds > 0 else 0.0
    rows: list[tuple[str, str]] = [
        ("weights", f"{found.weights:,}" if found.weights else ""),
        ("evaluations", f"{found.evaluations:,}" if found.evaluations else ""),
        ("training", f"{found.seconds:.3g} s, {float(f'{rate:.3g}'):,.0f} evaluations/s" if rate else ""),
        ("device", found.device),
        *(("data", line) for line in found.data),
    ]
    command = found.command or request.tags.get("command", "")
    pasted = f"<p>To run it again:</p>{text_block(command)}" if command else ""
    return table((), [row for row in rows if row[1]]) + pasted if command or any(row[1] for row in rows) else ""


def _settings(params: Mapping[str, str], found: Outcome) -> str:
    if not found.changed:
        return table((), sorted(params.items()))
    changed = [(key, params[key]) for key in found.changed if key in params]
    others = sorted((key, value) for key, value in params.items() if key not in found.changed)
    return f"<p>Not as by default:</p>{table((), changed)}" + details(
        f"{len(others)} that are as by default", table((), others)
    )


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
