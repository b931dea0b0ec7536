"""Sorting and language: how far does a single run by perturbed activations get, and after how many forward examples?

uv run python experiments/activations/tasks.py sort       # a sixteenth of the examples of configs/transformer_sort
uv run python experiments/activations/tasks.py language   # the text and windows of configs/language
uv run python experiments/activations/tasks.py language_eighth  # 102,400 weights, an eighth of the members' tokens

Appends the curve to tasks.json. Seconds are processor time, so that they mean something on a busy machine too.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks.base import Benchmark
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Module

HERE: Final = Path(__file__).parent
MARKS: Final = 12
TRAINER: Final[dict[str, Any]] = {
    "estimator": "activations",
    "draws": 7,
    "head": "exact",
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
}
# Model, benchmark, trainer, and the figure to watch.
RUNS: Final[dict[str, tuple[str, dict[str, Any], str, dict[str, Any], dict[str, Any], str]]] = {
    "sort": (
        "transformer",
        {},
        "transformer",
        {"variant": "sort", "batch_size": 256},
        {"learning_rate": 0.003, "max_generations": 3000},
        "test_accuracy",
    ),
    "language": (
        "transformer_lm",
        {},
        "language",
        {"batch_size": 64},
        {"learning_rate": 0.005, "max_generations": 4000},
        "test_bits_per_byte",
    ),
    "language_eighth": (
        "transformer_lm",
        {"d_model": 64, "heads": 4, "layers": 2},
        "language",
        {"length": 64, "batch_size": 256},
        {"learning_rate": 0.003, "max_generations": 2500},
        "test_bits_per_byte",
    ),
}


def made(name: str, seed: int) -> tuple[Module, Benchmark, dict[str, Any], str]:
    """Returns a model with first weights, its benchmark, the trainer's settings and the figure to watch."""
    model_name, sizes, benchmark_name, data, settings, figure = RUNS[name]
    benchmark = registry.lookup("benchmark", benchmark_name)(seed, **data)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary)
    model = registry.lookup("model", model_name)(task, **sizes)
    model.initialize(seed)
    return model, benchmark, TRAINER | settings, figure


def main() -> None:
    """Trains once and appends the curve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--head", choices=["exact", "perturbed"], default="exact")
    parser.add_argument("--seconds", type=float, default=1200.0, help="processor time after which the run ends")
    arguments = parser.parse_args()
    model, benchmark, settings, figure = made(arguments.name, arguments.seed)
    settings["head"] = arguments.head
    print(arguments.name, "rules:", benchmark.rules, flush=True)
    start, curve = time.process_time(), []
    generations = settings["max_generations"]
    for record in RetrocausalTrainer(arguments.seed, **settings).run(model, benchmark):
        is_over = time.process_time() - start > arguments.seconds
        if record.generation % max(1, generations // MARKS) and record.generation < generations and not is_over:
            continue
        found = benchmark.evaluate(model)
        spent = round(time.process_time() - start, 1)
        curve.append([record.generation, record.forward_examples, spent, round(found[figure], 4)])
        print(arguments.name, figure, *curve[-1], flush=True)
        if is_over:
            break
    file = HERE / "tasks.json"
    results = json.loads(file.read_text()) if file.exists() else []
    results.append(
        {"run": arguments.name, "seed": arguments.seed, "head": arguments.head, "figure": figure, "curve": curve}
    )
    file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
