"""Generations/s of six experiment configs on one GPU: Syntonic beside the same evolution strategy in JAX.

    python experiments/speed/gpu_models.py

Needs a GPU, `syntonic[cuda]` and JAX that sees the GPU. Each config's model, benchmark, sigma and learning
rate, at its population and at 4,096. `gpu_model_peer.py` runs the model's own forward pass in JAX; both must agree on
the loss of the first batch. Contestants take turns; medians are compared. Writes `gpu_models.json` beside this file, or
where --out says.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

from gpu_model_peer import es_burst

from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.training import RetrocausalTrainer

PLAIN: Final = {
    "lattice": False,
    "error_feedback": False,
    "harmonize_strength": 0.0,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
}
BAR: Final = 2.0


@dataclass(frozen=True)
class Config:
    """What an experiment config says: model and benchmark with their arguments, population, sigma, step size."""

    model: str
    benchmark: str
    population: int
    sigma: float
    rate: float
    of_model: dict[str, Any]
    of_benchmark: dict[str, Any]


CONFIGS: Final = {
    "cnn_digits": Config("cnn2d", "cnn", 512, 0.1, 0.03, {}, {}),
    "mnist1d": Config("cnn1d", "cnn", 512, 0.05, 0.02, {}, {"data": "mnist1d"}),
    "transformer_copy": Config("transformer", "transformer", 512, 0.1, 0.03, {"layers": 1}, {"variant": "copy"}),
    "transformer_sort": Config("transformer", "transformer", 512, 0.05, 0.02, {}, {"variant": "sort"}),
    "language": Config("transformer_lm", "language", 512, 0.03, 0.02, {}, {}),
    "winding_clusters": Config("winding", "winding", 256, 0.1, 0.03, {}, {}),
}


@dataclass(frozen=True)
class Row:
    """One line of the table: milliseconds a generation, and the peer's over ours."""

    config: str
    population: int
    name: str
    milliseconds: float
    fastest: float
    slowest: float
    over_peer: float


def made(config: Config) -> tuple[Any, Any]:
    """Returns model and benchmark as the config makes them."""
    benchmark = registry.lookup("benchmark", config.benchmark)(0, **config.of_benchmark)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary, order(benchmark))
    model = registry.lookup("model", config.model)(task, **config.of_model)
    model.initialize(0)
    return model, benchmark


def syntonic(config: Config, population: int, generations: int, plain: bool) -> Any:
    """Returns what runs that many generations, every record read."""
    model, benchmark = made(config)
    trainer = RetrocausalTrainer(
        0,
        "cuda",
        population_size=population,
        sigma=config.sigma,
        learning_rate=config.rate,
        max_generations=2**32 - 1,
        **(PLAIN if plain else {}),
    )
    records = trainer.run(model, benchmark)

    def burst() -> None:
        for _ in range(generations):
            next(records).metrics()

    return burst


def measure(name: str, config: Config, population: int, repeats: int, seconds: float) -> list[Row]:
    """Lets the contestants take turns and returns a row for each."""
    first = syntonic(config, population, 1, plain=True)
    first()
    start = time.perf_counter()
    first()
    generations = max(3, min(200, int(seconds / (time.perf_counter() - start))))
    bursts = {
        "Syntonic, trainer=es": syntonic(config, population, generations, plain=True),
        "Syntonic, trainer=retrocausal": syntonic(config, population, generations, plain=False),
    }
    try:
        bursts["JAX, one scan"], loss = es_burst(*made(config), population, generations, config.rate, config.sigma)
        model, benchmark = made(config)
        x, y = benchmark.batch(0)
        ours = benchmark.loss(model(x), y).item()
        print(f"{name}: loss of the first batch {ours:.6f}, in JAX {loss:.6f}", flush=True)
    except Exception as error:  # a table without a peer is still a table
        print(f"{name}: no peer: {error!r}"[:300], flush=True)
    times: dict[str, list[float]] = {who: [] for who in bursts}
    for turn in range(repeats + 1):
        for who, burst in list(bursts.items()):
            start = time.perf_counter()
            try:
                burst()
            except Exception as error:
                print(f"{name} at {population}: {who}: {error!r}"[:300], flush=True)
                del bursts[who], times[who]
                continue
            if turn:  # the first compiles
                times[who].append(1e3 * (time.perf_counter() - start) / generations)
    medians = {who: statistics.median(found) for who, found in times.items()}
    theirs = medians.get("JAX, one scan", float("nan"))
    return [
        Row(name, population, who, medians[who], min(found), max(found), theirs / medians[who])
        for who, found in times.items()
    ]


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4, help="of a burst, about")
    parser.add_argument("--configs", nargs="*", default=list(CONFIGS))
    parser.add_argument("--populations", nargs="*", type=int, default=[0, 4096], help="0: the config's")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    card = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    print(card)
    found: list[Row] = []
    for name in args.configs:
        for population in args.populations:
            population = population or CONFIGS[name].population
            rows = measure(name, CONFIGS[name], population, args.repeats, args.seconds)
            found += rows
            for row in rows:
                spread = f"{row.milliseconds:.3f} ({row.fastest:.3f} to {row.slowest:.3f})"
                print(f"| {row.config} | {row.population} | {row.name} | {spread} | {row.over_peer:.2f} |", flush=True)
            args.out.write_text(json.dumps({"card": card, "rows": [asdict(row) for row in found]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
