"""Digits, MLP 64-32-10: settings chosen on validation data, and their test accuracy.

uv run python experiments/activations/regularisers.py            # 9,000 forward passes: regularisers; regularisers.json
uv run python experiments/activations/regularisers.py --short    # 3,000 forward passes: steps and draws; short.json

First every row is trained on four fifths of the training data and judged on the fifth left. Then the best of them, and
the row without any, are trained on all training data and judged on the test data, ten seeds each.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks import datasets
from syntonic.benchmarks.classification import Classification
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.training import RetrocausalTrainer

HERE: Final = Path(__file__).parent
PASSES: Final = {False: 9000, True: 3000}
DRAWS: Final = 7
BASE: Final[dict[str, Any]] = {
    "estimator": "activations",
    "draws": DRAWS,
    "learning_rate": 0.01,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
}
BOTH: Final[dict[str, Any]] = {"label_smoothing": 0.1, "input_noise": 0.1}
ROWS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "label_smoothing .1": {"label_smoothing": 0.1},
    "input_noise .1": {"input_noise": 0.1},
    "input_noise .2": {"input_noise": 0.2},
    "weight_decay .1": {"weight_decay": 0.1},
    "ema_decay .99": {"ema_decay": 0.99},
    "both: label_smoothing .1, input_noise .1": BOTH,
    "both, input_noise .15": BOTH | {"input_noise": 0.15},
    "both, weight_decay .1": BOTH | {"weight_decay": 0.1},
    "both, ema_decay .99": BOTH | {"ema_decay": 0.99},
    "both, exact head": BOTH | {"head": "exact"},
    "both, learning_rate .02": BOTH | {"learning_rate": 0.02},
    "both, active only, learning_rate .02": BOTH | {"active_only": True, "learning_rate": 0.02},
    "both, active only, learning_rate .03": BOTH | {"active_only": True, "learning_rate": 0.03},
}
SHORT: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "learning_rate .02": {"learning_rate": 0.02},
    "learning_rate .03": {"learning_rate": 0.03},
    "active only": {"active_only": True},
    "active only, learning_rate .02": {"active_only": True, "learning_rate": 0.02},
    "active only, learning_rate .03": {"active_only": True, "learning_rate": 0.03},
    "sigma by spread, learning_rate .02": {"sigma_unit": "spread", "learning_rate": 0.02},
    "gaussian, learning_rate .02": {"draw_noise": "gaussian", "learning_rate": 0.02},
    "one site a draw, learning_rate .02": {"draw_sites": "in_turn", "learning_rate": 0.02},
}
# Lattices are compared, not chosen: rows of their own on the test.
LATTICES: Final[dict[str, dict[str, Any]]] = {
    "none, floats": {"lattice": False},
    "none, M = 10": {"precision": 10},
    "none, M = 3": {"precision": 3},
}


class Digits(Classification):
    """The digits; with `held_out`, a fifth of the training data is for the validation and the test data is not read."""

    def __init__(self, seed: int, held_out: bool) -> None:
        train, test = datasets.digits()
        if held_out:
            rows = range(train[1].shape[0])
            parts = [[row for row in rows if (row % 5 == 0) == kept] for kept in (False, True)]
            train, test = ((train[0].take(part), train[1].take(part)) for part in parts)
        super().__init__(seed, {"train": train, "test": test}, 10, 256)


def train(settings: dict[str, Any], seed: int, held_out: bool, passes: int) -> float:
    """Returns the centre's accuracy on validation or test data after one run."""
    benchmark = Digits(seed, held_out)
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=(32,), activation="relu")
    model.initialize(seed)
    generations = passes // (DRAWS + 1)
    for _ in RetrocausalTrainer(seed, max_generations=generations, **BASE | settings).run(model, benchmark):
        pass
    return benchmark.evaluate(model)["test_accuracy"]


def run(
    rows: dict[str, dict[str, Any]], seeds: int, held_out: bool, passes: int, results: dict[str, dict[str, float]]
) -> None:
    """Fills in what is missing."""
    for name, settings in rows.items():
        found = results.setdefault(name, {})
        for seed in map(str, range(seeds)):
            if seed not in found:
                found[seed] = train(settings, int(seed), held_out, passes)
        print(name, f"{statistics.mean(found.values()):.4f}", flush=True)


def table(results: dict[str, dict[str, float]], what: str) -> str:
    """Returns rows beside their paired difference to the first one."""
    lines = [f"| what | {what}, mean (sd) | median (range) | difference to none |", "|---|---|---|---|"]
    base = results["none"]
    for name, found in results.items():
        values = list(found.values())
        paired = [value - base[seed] for seed, value in found.items() if seed in base]
        error = statistics.stdev(paired) / len(paired) ** 0.5
        difference = "" if name == "none" else f"{statistics.mean(paired):+.4f} (+-{error:.4f})"
        lines.append(
            f"| {name} | {statistics.mean(values):.4f} ({statistics.stdev(values):.4f}) | "
            f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f}) | {difference} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Chooses, then judges."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--validation-seeds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    file = HERE / ("short.json" if arguments.short else "regularisers.json")
    rows, passes = SHORT if arguments.short else ROWS, PASSES[arguments.short]
    results: dict[str, dict[str, dict[str, float]]] = json.loads(file.read_text()) if file.exists() else {}
    validation, test = results.setdefault("validation", {}), results.setdefault("test", {})
    run(rows, arguments.validation_seeds, True, passes, validation)
    file.write_text(json.dumps(results, indent=1) + "\n")
    best = max(rows, key=lambda name: statistics.mean(validation[name].values()))
    for judged in ({"none": {}}, {best: rows[best]}, {} if arguments.short else LATTICES):
        run(judged, arguments.seeds, False, passes, test)
        file.write_text(json.dumps(results, indent=1) + "\n")
    print(f"chosen on validation data: {best}\n\n{table(validation, 'validation')}\n\n{table(test, 'test')}")


if __name__ == "__main__":
    main()
