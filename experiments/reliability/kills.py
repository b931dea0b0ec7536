"""Runs that are killed with SIGKILL at random moments and resumed, beside the same runs left alone.

`python experiments/reliability/kills.py --kills 200 --out results.json` goes through eight configs in turn. Each is run
once to its end; then it is started, killed after a random time, and resumed, until it has been killed its share of
times and has come to its end. It is then compared with the run that was left alone: the bytes of the final weights,
the status and the number of runs in MLflow, and each point of each metric there.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

COMMAND: Final = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
COMMON: Final = ["trainer.threads=1", "callbacks.checkpoint.every_generations=7"]
CONFIGS: Final = {
    "retrocausal xor": ["benchmark=xor", "trainer.max_generations=1500"],
    "retrocausal digits": ["-cn", "digits", "trainer.max_generations=300", "trainer.population_size=64"],
    "res digits rank 1": ["benchmark=digits", "trainer=res", "trainer.rank=1", "trainer.max_generations=300"],
    "es winding": ["model=winding", "benchmark=winding", "trainer=es", "trainer.max_generations=300"],
    "snes xor": ["benchmark=xor", "trainer=snes", "trainer.max_generations=1500"],
    "activity digits": ["benchmark=digits", "trainer=activity", "trainer.max_generations=100"],
    "transformer copy": ["-cn", "transformer_copy", "trainer.max_generations=30", "trainer.population_size=16"],
    "cnn1d mnist1d": ["benchmark=mnist1d", "model=cnn1d", "trainer.max_generations=30", "trainer.population_size=16"],
}
OF_TIME: Final = ("seconds", "evaluations_per_second", "seconds_to_")  # metrics that differ from run to run
SHARE: Final = 0.8  # of the time that the run takes if it is left alone: a process is killed before that


def main() -> None:
    """Kills, resumes, compares, and writes what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=CONFIGS, help="one config; what it comes to is added to the file")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    names = [given.only] if given.only else list(CONFIGS)
    found = json.loads(given.out.read_text(encoding="utf-8")) if given.out and given.out.exists() else []
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            found.append(carry_out(name, given.kills // len(names), random.Random(f"{given.seed} {name}"), Path(place)))
        print(json.dumps(found[-1]), flush=True)
        if given.out:
            given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(each["identical"] == each["runs"] for each in found) else 1)


def carry_out(name: str, kills: int, source: random.Random, place: Path) -> dict[str, Any]:
    """Returns what came of one config that was killed so many times.

    Args:
        name: of the config.
        kills: how many processes are killed.
        source: of the moments.
        place: an empty folder.
    """
    order = [*CONFIGS[name], *COMMON]
    whole = place / "whole"
    whole.mkdir()
    began = time.monotonic()
    assert ended(whole, order, None) == 0
    alone = time.monotonic() - began
    wanted = outcome(whole)
    done, runs, identical, generations, differences = 0, 0, 0, [], []
    while done < kills:
        folder = place / f"killed-{runs}"
        folder.mkdir()
        code: int | None = None
        while code is None:
            words = ["resume=last"] if list(folder.glob(".syntonic/runs/*/run.json")) else order
            moment = source.uniform(0.1, SHARE * alone) if done < kills else None
            code = ended(folder, words, moment)
            if code is None:
                done += 1
                generations.append(reached(folder))
        runs += 1
        fault = f"exit code {code}" if code else difference(wanted, outcome(folder))
        identical += not fault
        differences += [fault] if fault else []
    return {
        "config": name,
        "order": order,
        "kills": done,
        "runs": runs,
        "identical": identical,
        "differences": differences,
        "seconds_alone": round(alone, 2),
        "generations_at_the_kills": generations,
    }


def ended(folder: Path, words: list[str], moment: float | None) -> int | None:
    """Carries the command out and returns its exit code; None if it was killed `moment` seconds after its start."""
    child = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return child.wait(moment)
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
        return None if child.wait() == -signal.SIGKILL else child.returncode


def reached(folder: Path) -> int:
    """Returns the newest generation in a folder's journal, 0 if there is none."""
    journals = [path.read_bytes() for path in folder.glob(".syntonic/runs/*/journal.jsonl")]
    return max((content.count(b"\n") for content in journals), default=0)


def outcome(folder: Path) -> dict[str, Any]:
    """Returns what a folder's one run came to: weights, results, and the points that MLflow has."""
    (run,) = [path.parent for path in folder.glob(".syntonic/runs/*/run.json")]
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        statuses = [row[0] for row in database.execute("SELECT status FROM runs")]
        query = "SELECT key, step, value FROM metrics WHERE key NOT LIKE 'system/%'"
        rows = [row for row in database.execute(query) if not row[0].removeprefix("speed/").startswith(OF_TIME)]
    results = json.loads((run / "run.json").read_text(encoding="utf-8"))["results"]
    return {
        "weights": (run / "model" / "parameters.safetensors").read_bytes(),
        "state": max(run.glob("checkpoints/gen-*/state.safetensors")).read_bytes(),
        "results": {key: value for key, value in results.items() if not key.startswith(OF_TIME)},
        "runs in MLflow": statuses,
        "points": sorted(rows),
    }


def difference(wanted: dict[str, Any], got: dict[str, Any]) -> str:
    """Returns in what two outcomes differ, an empty text if in nothing."""
    twice = len(got["points"]) - len({row[:2] for row in got["points"]})
    parts = [key for key in wanted if wanted[key] != got[key]]
    return ", ".join([*parts, *([f"{twice} points twice"] if twice else [])])


if __name__ == "__main__":
    main()
