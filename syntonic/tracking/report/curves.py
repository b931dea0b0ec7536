"""The curves of one run: what belongs together stands in one chart, beside what it is held against."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from syntonic.tracking.outcome import Outcome
from syntonic.tracking.report import charts
from syntonic.tracking.report.history import History

_HELD_OUT: Final = "val_"
_LEFT_OUT: Final = ("seconds",)  # of a generation: its evaluations per second say the same
_SIGNAL: Final = "signal/"
_LOG: Final = ("loss", "perplexity", "rmse", "step_size", "sigma")
_AXES: Final = {
    "loss": "loss",
    "accuracy": "accuracy (share)",
    "rmse": "root mean square error",
    "bits_per_byte": "bits per byte",
    "syntony": "syntony S (0 to 1)",
    "sigma": "standard deviation of the noise",
    "step_size": "step size",
    "attractors": "states remembered",
    "nan_members": "members",
    "evaluations_per_second": "evaluations per second",
    "forward_examples": "examples",
    "archonic": "0 no, 1 yes",
}
_CAPTIONS: Final = {
    "sigma": "noise: sigma",
    "nan_members": "members whose fitness is NaN",
    "attractors": "attractors",
    "evaluations_per_second": "speed",
    "forward_examples": "examples run forward",
    "archonic": "archonic stagnation",
}
_FITNESS: Final = ("best_fitness", "mean_fitness")


def figures(history: History, results: Mapping[str, float], outcome: Outcome) -> Iterator[str]:
    """Yields the charts.

    Args:
        history: of the run.
        results: of the run.
        outcome: with chance, baseline and ceiling.
    """
    told = {name: line for name, line in history.lines.items() if line and _varies(name, line)}
    held_out = {name for name in told if name.startswith(_HELD_OUT)}
    signals = {name.removeprefix(_SIGNAL): line for name, line in told.items() if name.startswith(_SIGNAL)}
    done = {*held_out, *_FITNESS, *_LEFT_OUT, *(name for name in told if name.startswith(_SIGNAL))}
    for name, line in told.items():
        if name in done:
            continue
        series = {f"{name}, train (batch)" if f"{_HELD_OUT}{name}" in held_out else name: line}
        if f"{_HELD_OUT}{name}" in held_out:
            series[f"{name}, validation"] = told[f"{_HELD_OUT}{name}"]
        yield charts.lines(
            _CAPTIONS.get(name, name),
            series,
            y=_AXES.get(name, name),
            levels=_levels(name, results, outcome),
            log=name in _LOG,
        )
        if name == "loss":
            yield _population(history)
    yield charts.lines(
        "signal of each parameter: how much of a step is no noise", signals, y="signal (share)", log=True
    )


def _varies(name: str, line: charts.Line) -> bool:
    # What is the same all the time is no curve, but for what a reader looks for first.
    return name in ("loss", "accuracy") or any(value != line[0][1] for _, value in line) or len(line) == 1


def _levels(name: str, results: Mapping[str, float], outcome: Outcome) -> dict[str, float]:
    found = {f"{split}, at the end": results.get(f"{split}_{name}", math.nan) for split in ("validation", "test")}
    for kind in ("chance", "baseline", "ceiling"):
        found[kind] = getattr(outcome, kind).get(name, math.nan)
    return {kind: value for kind, value in found.items() if math.isfinite(value)}


def _population(history: History) -> str:
    # Fitness is minus the loss, so that the centre's line can stand in the population's band.
    best, mean = (history.lines.get(name, []) for name in _FITNESS)
    if not best or not mean:
        return ""
    centre = [(step, -value) for step, value in history.lines.get("loss", [])]
    return charts.lines(
        "fitness of the population, and of the centre",
        {"centre": centre, "mean of the members": mean},
        y="fitness (minus the loss)",
        bands={"mean to best member": (mean, best)},
        colours={"centre": 0, "mean of the members": 1},
    )
