"""Runs the study `first_light` and writes `results.json` beside this file; `analyse.py` makes the table of it.

    uv run python experiments/first_light/run.py --peer-python PATH

PATH is a Python with evosax, jax, optax and scikit-learn.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from syntonic_side import digits_accuracy, xor_generations

HERE = Path(__file__).parent
TRAINERS = ("retrocausal", "res", "es")
POPULATIONS = (64, 1024)
XOR_SEEDS, DIGITS_SEEDS = 20, 10
MARKS = (200, 1000)


def peer(python: str) -> dict[str, object]:
    """Returns what evosax's Open_ES reached, run in its own environment."""
    sizes = {"--xor-seeds": XOR_SEEDS, "--digits-seeds": DIGITS_SEEDS, "--generations": MARKS[-1]}
    command = [python, str(HERE / "peer.py"), "--marks", *map(str, MARKS)]
    command += [word for flag, value in sizes.items() for word in (flag, str(value))]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "peers")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return dict(json.loads(done.stdout))


def syntonic(trainer: str) -> dict[str, object]:
    """Returns what one of Syntonic's trainers reached, in the peer's form."""
    xor = {str(p): [xor_generations(trainer, p, seed) for seed in range(XOR_SEEDS)] for p in POPULATIONS}
    digits = [digits_accuracy(trainer, seed, MARKS) for seed in range(DIGITS_SEEDS)]
    return {"xor": xor, "digits": {str(mark): [run[str(mark)] for run in digits] for mark in MARKS}}


def main() -> None:
    """Runs everything and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    args = parser.parse_args()
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, cwd=HERE, check=True).stdout.strip()
    results: dict[str, object] = {"commit": commit, "python": platform.python_version()}
    for trainer in TRAINERS:
        print(f"Syntonic, trainer={trainer}", file=sys.stderr)
        results[trainer] = syntonic(trainer)
    print("evosax Open_ES", file=sys.stderr)
    results["evosax Open_ES"] = peer(args.peer_python)
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
