"""Whole generations on one GPU: Syntonic beside evosax's Open_ES on the same card, in the same run.

    python experiments/speed/gpu_generations.py

Needs a GPU, `syntonic[cuda]`, scikit-learn, and evosax with jax[cuda]; where those two are missing, the same algorithm
in PyTorch takes their place, and every line says so. Contestants take turns, one burst each; medians are compared. A
burst of Syntonic is `RetrocausalTrainer.run`, every record read: batches, records and the centre's step are in it.
Writes `gpu_generations.json` beside this file, or where --out says.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

# JAX would take most of the card's memory at once.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

from gpu_peers import Problem, peer

from syntonic.benchmarks import Digits, Xor, datasets
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer

PLAIN: Final = {
    "lattice": False,
    "error_feedback": False,
    "harmonize_strength": 0.0,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
}
BAR: Final = 3.0
Burst = Callable[[], None]


@dataclass(frozen=True)
class Workload:
    """A task as the peer and as Syntonic know it, and the populations that it is run with."""

    problem: Problem
    benchmark: Xor | Digits
    populations: tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One line of the table; times are medians, in microseconds a generation."""

    task: str
    population: int
    name: str
    microseconds: float
    fastest: float
    slowest: float
    evaluations_per_second: float
    over_peer: float


def workloads() -> dict[str, Workload]:
    """Returns each task by its name."""
    inputs, labels = Xor(0).batch(0)
    xor = Problem((2, 16, 16, 1), "tanh", inputs.tolist(), [y for (y,) in labels.tolist()], 0, 0.2, 0.3)
    (images, classes), _ = datasets.digits()
    digits = Problem((64, 32, 10), "relu", images.tolist(), classes.tolist(), 256, 0.03, 0.1)
    return {
        "XOR, MLP 2-16-16-1": Workload(xor, Xor(0), (1024, 4096, 32768)),
        "digits, MLP 64-32-10, batch 256": Workload(digits, Digits(0), (256, 4096)),
    }


def syntonic(work: Workload, population: int, generations: int, *, plain: bool) -> Burst:
    """Returns what runs that many generations, every record read."""
    problem, benchmark = work.problem, work.benchmark
    task = Task(benchmark.input_shape, benchmark.output_shape)
    model = MLP(task, hidden=problem.widths[1:-1], activation=problem.activation)
    model.initialize(0)
    trainer = RetrocausalTrainer(
        0,
        "cuda",
        population_size=population,
        sigma=problem.sigma,
        learning_rate=problem.rate,
        max_generations=2**32 - 1,
        **(PLAIN if plain else {}),
    )
    records = trainer.run(model, benchmark)

    def burst() -> None:
        for _ in range(generations):
            next(records).metrics()

    return burst


def measure(task: str, work: Workload, population: int, repeats: int, generations: int) -> list[Row]:
    """Lets the contestants take turns and returns a row for each."""
    who, theirs = peer(work.problem, population, generations)
    bursts = {
        "Syntonic, trainer=es": syntonic(work, population, generations, plain=True),
        "Syntonic, trainer=retrocausal": syntonic(work, population, generations, plain=False),
        who: theirs,
    }
    times: dict[str, list[float]] = {name: [] for name in bursts}
    for turn in range(repeats + 1):
        for name, burst in bursts.items():
            start = time.perf_counter()
            burst()
            if turn:  # the first compiles
                times[name].append(1e6 * (time.perf_counter() - start) / generations)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return [
        Row(
            task=task,
            population=population,
            name=name,
            microseconds=medians[name],
            fastest=min(found),
            slowest=max(found),
            evaluations_per_second=1e6 * population / medians[name],
            over_peer=medians[who] / medians[name],
        )
        for name, found in times.items()
    ]


def card() -> str:
    """Returns the GPU's name and driver."""
    asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--generations", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    print(card())
    print(f"| task | population | contestant | us a generation | evaluations/s | over the peer (bar {BAR:g}) |")
    print("|---|---:|---|---:|---:|---:|")
    found: list[Row] = []
    for task, work in workloads().items():
        for population in work.populations:
            for row in measure(task, work, population, args.repeats, args.generations):
                found.append(row)
                spread = f"{row.microseconds:.1f} ({row.fastest:.1f} to {row.slowest:.1f})"
                rate = f"{row.evaluations_per_second:,.0f}"
                print(f"| {task} | {population} | {row.name} | {spread} | {rate} | {row.over_peer:.2f} |", flush=True)
    args.out.write_text(json.dumps({"card": card(), "rows": [asdict(row) for row in found]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
