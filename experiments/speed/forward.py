"""The forward of a transformer for 64 members: the engine beside JAX-CPU, jitted with vmap, on the same cores.

    uv run python experiments/speed/forward.py --peer-python PATH

Width 64, 2 layers, 4 heads, 64 positions, batch 8. Syntonic's time includes the noise and the perturbation of every
member's weights; JAX's members lie ready in memory. Each contestant is a warm process; they take turns, burst by
burst. First both print the loss of the same unperturbed weights, and the run ends unless these agree.
Writes `forward.json` beside this file and the table into `README.md`.
"""

import argparse
import json
import statistics
import subprocess
import sys
from typing import Final, TypedDict

from contestants import HERE, Contestant, Session
from first_light import machine

FORWARDS: Final = 3
MARKS: Final = ("<!-- forward -->", "<!-- end of forward -->")


class Row(TypedDict):
    """One line of the table: milliseconds of one forward for all members, and the median of its ratios to JAX's."""

    dtype: str
    name: str
    median: float
    fastest: float
    slowest: float
    over_jax: float


def loss(python: str, script: str, dtype: str) -> float:
    """Returns the loss of the unperturbed weights as one side computes it."""
    command = [python, str(HERE / script), "--loss", "--dtype", dtype]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(dtype: str, peer_python: str, repeats: int) -> list[Row]:
    """Lets the contestants take turns and returns a row for each.

    Raises:
        RuntimeError: if the two sides disagree about the loss of the same weights.
    """
    ours = loss(sys.executable, "forward_syntonic.py", dtype)
    theirs = loss(peer_python, "forward_jax.py", dtype)
    if abs(ours - theirs) > (1e-4 if dtype == "float32" else 1e-9) * abs(theirs):
        raise RuntimeError(f"the two sides compute different losses: {ours} and {theirs}")
    options = ("--dtype", dtype, "--forwards", str(FORWARDS))
    contestants = [
        Contestant("Syntonic, full rank", "forward_syntonic.py", options, False),
        Contestant("Syntonic, rank 1", "forward_syntonic.py", (*options, "--rank", "1"), False),
        Contestant("JAX, jit and vmap", "forward_jax.py", options, True),
    ]
    sessions = [Session(who, peer_python) for who in contestants]
    rounds = [[1000 / session.burst().generations_per_second for session in sessions] for _ in range(repeats)]
    for session in sessions:
        session.close()
    return [
        Row(
            dtype=dtype,
            name=who.name,
            median=statistics.median(times),
            fastest=min(times),
            slowest=max(times),
            over_jax=statistics.median(mine / jax for mine, jax in zip(times, theirs_of_it, strict=True)),
        )
        for who, times, theirs_of_it in zip(
            contestants, zip(*rounds, strict=True), [[r[-1] for r in rounds]] * len(contestants), strict=True
        )
    ]


def table(rows: list[Row], about: dict[str, str | int], repeats: int) -> str:
    """Returns the results as markdown."""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, commit {about['commit']}; median of {repeats} interleaved bursts, "
        "fastest to slowest in brackets; the last column is the median of the ratios burst by burst.",
        "",
        "| dtype | contestant | ms per forward of 64 members | of JAX's time |",
        "|---|---|---:|---:|",
    ]
    for row in rows:
        spread = f"{row['median']:.1f} ({row['fastest']:.1f} to {row['slowest']:.1f})"
        lines.append(f"| {row['dtype']} | {row['name']} | {spread} | {row['over_jax']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has jax")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dtypes", nargs="+", default=["float32"], choices=["float32", "float64"])
    args = parser.parse_args()
    rows = [row for dtype in args.dtypes for row in measure(dtype, args.peer_python, args.repeats)]
    about = machine()
    results = {"machine": about, "repeats": args.repeats, "rows": rows}
    (HERE / "forward.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = table(rows, about, args.repeats)
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    readme.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
