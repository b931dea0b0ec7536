"""Digits, MLP 64-32-10: how far do 3,000 forward passes of the batch get, by either estimator?

uv run python experiments/activations/digits.py    # all rows, ten paired seeds; writes digits.json, prints the table
uv run python experiments/activations/digits.py --seeds 0 1 --rows activity "exact head"
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any, Final

from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.training import RetrocausalTrainer

HERE: Final = Path(__file__).parent
PASSES: Final = 3000
BATCH: Final = 256
ACTIVITY: Final[dict[str, Any]] = {
    "estimator": "activations",
    "draws": 7,
    "learning_rate": 0.01,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
}
WEIGHTS: Final[dict[str, Any]] = {"population_size": 32, "learning_rate": 0.03}
# Each row differs from `activity` in what it names.
ROWS: Final[dict[str, dict[str, Any]]] = {
    "activity": ACTIVITY,
    "exact head": ACTIVITY | {"head": "exact"},
    "exact head, active only": ACTIVITY | {"head": "exact", "active_only": True},
    "gaussian noise": ACTIVITY | {"draw_noise": "gaussian"},
    "mirrored, 4 draws": ACTIVITY | {"mirrored": True, "draws": 4},
    "one site a draw": ACTIVITY | {"draw_sites": "in_turn"},
    "sigma by spread": ACTIVITY | {"sigma_unit": "spread"},
    "learning_rate .02": ACTIVITY | {"learning_rate": 0.02},
    "15 draws": ACTIVITY | {"draws": 15},
    "floats": ACTIVITY | {"lattice": False},
    "lattice M = 10": ACTIVITY | {"precision": 10},
    "lattice M = 3": ACTIVITY | {"precision": 3},
    "pull .03": ACTIVITY | {"pull_strength": 0.03},
    "weights, lattice": WEIGHTS,
    "weights, es": WEIGHTS | {"lattice": False, "harmonize_strength": 0.0, "pull_strength": 0.0, "lambda_syntony": 0.0},
}


def passes(settings: dict[str, Any]) -> int:
    """Returns the forward passes over the batch of one generation."""
    if settings.get("estimator") != "activations":
        return int(settings["population_size"])
    return int(2 * settings["draws"] if settings.get("mirrored") else settings["draws"] + 1)


def train(settings: dict[str, Any], seed: int) -> dict[str, float]:
    """Trains once; returns the centre's test accuracy, and the seconds of training."""
    benchmark = registry.lookup("benchmark", "digits")(seed, batch_size=BATCH)
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=(32,), activation="relu")
    model.initialize(seed)
    generations = round(PASSES / passes(settings))
    start = time.perf_counter()
    records = list(RetrocausalTrainer(seed, max_generations=generations, **settings).run(model, benchmark))
    seconds = time.perf_counter() - start
    return {
        "accuracy": benchmark.evaluate(model)["test_accuracy"],
        "forward_examples": records[-1].forward_examples,
        "seconds": round(seconds, 2),
    }


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Returns the rows as Markdown, each beside its paired difference to `activity`."""
    lines = [
        "| what | passes a generation | test, mean (sd) | median (range) | difference to `activity` | seconds |",
        "|---|---|---|---|---|---|",
    ]
    base = results.get("activity", {})
    for name, runs in results.items():
        values = [run["accuracy"] for run in runs.values()]
        paired = [run["accuracy"] - base[seed]["accuracy"] for seed, run in runs.items() if seed in base]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        error = statistics.stdev(paired) / len(paired) ** 0.5 if len(paired) > 1 else 0.0
        difference = "" if name == "activity" or not paired else f"{statistics.mean(paired):+.4f} (+-{error:.4f})"
        lines.append(
            f"| {name} | {passes(ROWS[name])} | {statistics.mean(values):.4f} ({spread:.4f}) | "
            f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f}) | {difference} | "
            f"{statistics.median(run['seconds'] for run in runs.values()):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing and writes the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--rows", nargs="+", default=list(ROWS))
    arguments = parser.parse_args()
    file = HERE / "digits.json"
    results: dict[str, dict[str, dict[str, float]]] = json.loads(file.read_text()) if file.exists() else {}
    for name in arguments.rows:
        runs = results.setdefault(name, {})
        for seed in arguments.seeds:
            if str(seed) not in runs:
                runs[str(seed)] = train(ROWS[name], seed)
        file.write_text(json.dumps(results, indent=1) + "\n")
        print(name, statistics.mean(run["accuracy"] for run in runs.values()), flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
