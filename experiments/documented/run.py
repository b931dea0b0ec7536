"""Runs the configs `ablation` and `comparative` as they stand, and writes their tables into `README.md`.

uv run python experiments/documented/run.py
"""

import json
import os
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

from syntonic.runners.sweep.paired import difference

HERE = Path(__file__).parent
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"


def records(config: str) -> list[dict[str, Any]]:
    """Returns what the runs of a config recorded, in the order of its points."""
    with tempfile.TemporaryDirectory() as home:
        command = ["syntonic-run", "-cn", config, "tracking=none", "hydra/launcher=basic"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SYNTONIC_HOME": home})
        found = [json.loads(path.read_text()) for path in Path(home).glob("runs/*/run.json")]
    return sorted(found, key=lambda record: record["id"])


def by_point(found: list[dict[str, Any]]) -> dict[str, dict[int, dict[str, float]]]:
    """Returns the results by point and seed."""
    points: dict[str, dict[int, dict[str, float]]] = defaultdict(dict)
    for record in found:
        point = re.sub(r" ?seed=\d+", "", record["sweep"]["point"])
        points[point][record["config"]["seed"]] = record["results"]
    return points


def mean(runs: dict[int, dict[str, float]], key: str) -> str:
    """Returns the mean of a result, and of how many runs if some have none."""
    values = [results[key] for results in runs.values() if key in results]
    some = f" ({len(values)} of {len(runs)})" if len(values) < len(runs) else ""
    return f"{fmean(values):.4g}{some}" if values else "never"


def gap(runs: dict[int, dict[str, float]], others: dict[int, dict[str, float]], key: str, other: str) -> str:
    """Returns the difference of two results on the same seeds, with its 95 % interval."""
    found = difference([runs[seed][key] - others[seed][other] for seed in sorted(runs)])
    return f"{found.mean:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


def ablation() -> list[str]:
    """Returns the table of what each part of the method does."""
    points = by_point(records("ablation"))
    whole = points["+experiment=without_nothing"]
    rows = [
        f"| {point.partition('=')[2]} | {len(runs)} | {mean(runs, 'test_accuracy')} "
        f"| {gap(runs, whole, 'test_accuracy', 'test_accuracy') if runs is not whole else ''} "
        f"| {gap(runs, whole, 'test_loss', 'test_loss') if runs is not whole else ''} |"
        for point, runs in points.items()
    ]
    heading = "| part | seeds | test accuracy | accuracy less the whole | loss less the whole |"
    return ["### Ablation, two moons", "", heading, "|---|---|---|---|---|", *rows]


def comparative() -> list[str]:
    """Returns the table of the trainers beside gradients."""
    rows = []
    for point, runs in by_point(records("comparative")).items():
        variant, trainer = (word.partition("=")[2] for word in point.split())
        rows.append(
            f"| {variant} | {trainer} | {mean(runs, 'test_accuracy')} | {mean(runs, 'backprop_test_accuracy')} "
            f"| {gap(runs, runs, 'test_accuracy', 'backprop_test_accuracy')} "
            f"| {mean(runs, 'evaluations_to_accuracy_0.95')} | {mean(runs, 'seconds_to_accuracy_0.95')} "
            f"| {mean(runs, 'backprop_evaluations')} | {mean(runs, 'backprop_seconds')} |"
        )
    heading = (
        "| problem | trainer | test accuracy | by gradients | less gradients | evaluations to .95 | seconds to .95 "
        "| gradients' evaluations | gradients' seconds |"
    )
    return ["### Comparative, five seeds", "", heading, "|---|---|---|---|---|---|---|---|---|", *rows]


def main() -> None:
    """Runs both and replaces the tables."""
    describe = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(describe, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()
    lines = [f"Commit {commit}, {len(os.sched_getaffinity(0))} cores.", "", *ablation(), "", *comparative()]
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
