"""Syntonic's eager operations beside NumPy and JAX on the CPU, in one run and on the same cores.

    uv run python experiments/speed/cpu_ops.py --peer-python PATH

The contestants are three warm processes that take turns, a burst of a tenth of a second each, `--repeats` times a row.
A burst counts with its fastest call, a row with the median of its bursts. Writes `cpu_ops.json` and a table in
`README.md`.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Final, TypedDict

from contestants import HERE, Contestant, Session, make_peer_python
from cpu_ops_rows import ROWS
from first_light import machine

MARKS: Final = ("<!-- cpu operations -->", "<!-- end of cpu operations -->")
WHO: Final = [
    Contestant("Syntonic", "cpu_ops_syntonic.py", (), False),
    Contestant("NumPy", "cpu_ops_numpy.py", (), True),
    Contestant("JAX", "cpu_ops_jax.py", (), True),
]


class Found(TypedDict):
    """One row: milliseconds of each contestant, and how Syntonic compares."""

    name: str
    dtype: str
    milliseconds: dict[str, float]
    over_best: float
    over_numpy: float
    twice: bool


def measure(sessions: list[Session], number: int, dtype: str, repeats: int) -> Found:
    """Lets everyone take turns on one row."""
    rounds = [[session.ask(f"{number} {dtype}")["seconds"] for session in sessions] for _ in range(repeats)]
    medians = [statistics.median(seconds) * 1e3 for seconds in zip(*rounds, strict=True)]
    ours, *peers = medians
    return Found(
        name=ROWS[number].name,
        dtype=dtype,
        milliseconds={who.name: ms for who, ms in zip(WHO, medians, strict=True)},
        over_best=min(peers) / ours,
        over_numpy=peers[0] / ours,
        twice=ROWS[number].twice,
    )


def table(rows: list[Found], about: dict[str, str | int], repeats: int) -> str:
    """Returns the results as markdown."""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, commit {about['commit']}; milliseconds, "
        f"median of {repeats} interleaved bursts.",
        "",
        "| operation | dtype | Syntonic | NumPy | JAX | over the better peer | over NumPy |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        times = " | ".join(f"{ms:.3g}" for ms in row["milliseconds"].values())
        bar = " (2 is the bar)" if row["twice"] else ""
        ratios = f"{row['over_best']:.2f} | {row['over_numpy']:.2f}{bar}"
        lines.append(f"| {row['name']} | {row['dtype']} | {times} | {ratios} |")
    return "\n".join(lines)


def write_readme(text: str, readme: Path, marks: tuple[str, str] = MARKS) -> None:
    """Puts a table between its marks."""
    before, rest = readme.read_text(encoding="utf-8").split(marks[0])
    readme.write_text(f"{before}{marks[0]}\n{text}\n{marks[1]}{rest.split(marks[1])[1]}", encoding="utf-8")


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="a Python that has jax and numpy")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dry", action="store_true", help="print the table only")
    args = parser.parse_args()
    peer_python = args.peer_python or make_peer_python(Path(tempfile.gettempdir()) / "syntonic-peers")
    sessions = [Session(who, peer_python) for who in WHO]
    rows = [
        measure(sessions, number, dtype, args.repeats)
        for dtype in ("float32", "float64")
        for number in range(len(ROWS))
    ]
    for session in sessions:
        session.close()
    about = machine()
    text = table(rows, about, args.repeats)
    if not args.dry:
        results = {"machine": about, "repeats": args.repeats, "rows": rows}
        (HERE / "cpu_ops.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        write_readme(text, HERE / "README.md")
    print(text)


if __name__ == "__main__":
    main()
