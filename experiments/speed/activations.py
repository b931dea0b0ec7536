"""A generation of perturbed activations beside as many plain forward passes, and those beside JAX-CPU.

    uv run python experiments/speed/activations.py --peer-python PATH

A generation has its noise, one clean pass and K draws, credits, directions and the step. Beside it are K + 1 eager
passes of the same engine over the same batch, loss included, and K + 1 of the same arithmetic in JAX, compiled as a
whole. All three take turns, burst by burst, on the same cores; JAX is a process of its own. Before that the losses of
the same weights must agree. Writes `activations.json` beside this file and the table into `README.md`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from activations_models import DRAWS, NAMES
from contestants import HERE, Contestant, Session
from first_light import machine

MARKS: Final = ("<!-- activations -->", "<!-- end of activations -->")
GENERATIONS: Final = {"digits": 40, "mnist1d": 4, "language": 1}


def loss(python: str, script: str, *arguments: str) -> float:
    """Returns the loss that one side computes for the first batch."""
    command = [python, str(HERE / script), *arguments, "--loss"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(name: str, peer_python: str, repeats: int, weights: Path) -> dict[str, object]:
    """Lets the three take turns.

    Raises:
        RuntimeError: if the two sides disagree about the loss of the same weights.
    """
    ours = loss(sys.executable, "activations_syntonic.py", name, "--weights", str(weights))
    theirs = loss(peer_python, "activations_jax.py", name, "--weights", str(weights))
    if abs(ours - theirs) > 1e-4 * abs(theirs):
        raise RuntimeError(f"the two sides compute different losses: {ours} and {theirs}")
    count = ("--generations", str(GENERATIONS[name]))
    contestants = [
        Contestant("generation", "activations_syntonic.py", (name, *count), False),
        Contestant("forward passes", "activations_syntonic.py", (name, "--forward", *count), False),
        Contestant("JAX", "activations_jax.py", (name, "--weights", str(weights), *count), True),
    ]
    sessions = [Session(who, peer_python) for who in contestants]
    rounds = [[1000 / session.burst().generations_per_second for session in sessions] for _ in range(repeats)]
    for session in sessions:
        session.close()
    whole, plain, jax = (list(times) for times in zip(*rounds, strict=True))
    return {
        "workload": name,
        "milliseconds": [statistics.median(times) for times in (whole, plain, jax)],
        "over_forward": statistics.median(a / b for a, b in zip(whole, plain, strict=True)),
        "forward_over_jax": statistics.median(b / a for a, b in zip(plain, jax, strict=True)),
    }


def table(rows: list[dict[str, object]], about: dict[str, str | int], repeats: int) -> str:
    """Returns the results as markdown."""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, commit {about['commit']}; median of {repeats} interleaved bursts, "
        "and of their ratios.",
        "",
        f"| workload | ms of a generation | of {DRAWS + 1} passes | of JAX's | generation / passes (at most 1.25) "
        "| JAX / passes (at least .9) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        times = row["milliseconds"]
        assert isinstance(times, list)
        cells = " | ".join(f"{time:.3g}" for time in times)
        lines.append(f"| {row['workload']} | {cells} | {row['over_forward']:.2f} | {row['forward_over_jax']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has jax")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--workloads", nargs="+", default=list(NAMES), choices=NAMES)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(name, args.peer_python, args.repeats, Path(folder) / f"{name}.json") for name in args.workloads]
    about = machine()
    print(table(rows, about, args.repeats))
    if args.workloads != list(NAMES):
        return
    (HERE / "activations.json").write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n", "utf-8")
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    text = table(rows, about, args.repeats)
    readme.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
