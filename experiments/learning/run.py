"""Runs configs of `configs/` over seeds, a file in `results/` for each run; `analyse.py` makes the table.

uv run python experiments/learning/run.py parity transformer_copy --seeds 0 1 2 3 4
uv run python experiments/learning/run.py cnn_digits --seeds 0 1 trainer=es     # overrides change every config
"""

import argparse
import json
import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from syntonic.core import registry
from syntonic.nn.architectures import Task

HERE = Path(__file__).parent
RESULTS = HERE / "results"
MARKS = 5


def settings(name: str, overrides: list[str]) -> dict[str, Any]:
    """Returns the config that `syntonic-run -cn <name> <overrides>` would run."""
    command = ["syntonic-run", "--cfg", "-cn", name, *overrides]
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
        "parameters": sum(parameter.data.size for parameter in model.parameters()),
        "chance": dict(benchmark.chance),
        "ceiling": dict(benchmark.ceiling),
        "baseline": dict(getattr(benchmark, "baseline", {})),
        "reached": reached,
    }


def processor() -> str:
    """Returns the name of the processor, and how many of its cores this process may use."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{found[1] if found else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def main() -> None:
    """Runs what was asked for; what is there already is not run again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="+", help="configs, and overrides that change each of them")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    args = parser.parse_intermixed_args()
    changes = [each for each in args.configs if "=" in each]
    describe = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(describe, capture_output=True, text=True, cwd=HERE, check=False).stdout.strip()
    RESULTS.mkdir(exist_ok=True)
    for config_name in (each for each in args.configs if "=" not in each):
        name = " ".join([config_name, *changes])
        config = settings(config_name, changes)
        for seed in args.seeds:
            path = RESULTS / f"{name}.{seed}.json"
            if path.exists():
                continue
            run = {"name": name, "seed": seed, "commit": commit, "processor": processor(), "config": config}
            run |= train(config, seed)
            path.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
            print(name, seed, run["reached"][-1], flush=True)


if __name__ == "__main__":
    main()
