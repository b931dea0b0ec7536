"""Runs sentences of `configs/` over seeds and adds what they reached to `results.json`; `analyse.py` makes the table.

uv run python experiments/learning/run.py parity transformer_copy --seeds 5
uv run python experiments/learning/run.py cnn_digits --seeds 5 trainer=es     # words change every sentence
"""

import argparse
import json
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from syntonic.core import registry
from syntonic.nn.architectures import Task

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
MARKS = 5


def settings(sentence: str, words: list[str]) -> dict[str, Any]:
    """Returns the config that `syntonic-run -cn <sentence> <words>` would run."""
    command = ["syntonic-run", "--cfg", "-cn", sentence, *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(yaml.safe_load(printed))


def make(kind: registry.Kind, section: dict[str, Any], *given: object) -> Any:
    """Builds what a section of a config names."""
    arguments = {key: value for key, value in section.items() if key != "name"}
    return registry.lookup(kind, section["name"])(*given, **arguments)


def train(config: dict[str, Any], seed: int) -> dict[str, Any]:
    """Trains once; returns what the centre reached at five marks, and the seconds of training until each."""
    benchmark = make("benchmark", config["benchmark"], seed)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary)
    model = make("model", config["model"], task)
    model.initialize(seed)
    trainer = make("trainer", config["trainer"], seed, "cpu")
    last = config["trainer"]["max_generations"]
    marks = {last * (mark + 1) // MARKS for mark in range(MARKS)}
    seconds, start, reached = 0.0, time.perf_counter(), []
    for record in trainer.run(model, benchmark):
        if record.generation in marks:
            seconds += time.perf_counter() - start
            model.eval()
            reached.append({"generation": record.generation, "seconds": round(seconds, 1), **benchmark.evaluate(model)})
            model.train()
            start = time.perf_counter()
    return {
        "seed": seed,
        "parameters": sum(parameter.data.size for parameter in model.parameters()),
        "chance": dict(benchmark.chance),
        "ceiling": dict(benchmark.ceiling),
        "baseline": dict(getattr(benchmark, "baseline", {})),
        "reached": reached,
    }


def main() -> None:
    """Runs what was asked for; what is there already is not run again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", help="sentences, and words that change each of them")
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    changes = [word for word in args.words if "=" in word]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE, check=True
    ).stdout.strip()
    for sentence in (word for word in args.words if "=" not in word):
        name = " ".join([sentence, *changes])
        config = settings(sentence, changes)
        for seed in range(args.seeds):
            results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            runs = results.setdefault(name, {"config": config, "runs": []})["runs"]
            if any(run["seed"] == seed for run in runs):
                continue
            run = train(config, seed)
            runs.append({**run, "commit": commit, "cores": os.cpu_count(), "machine": platform.machine()})
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(name, seed, run["reached"][-1], flush=True)


if __name__ == "__main__":
    main()
