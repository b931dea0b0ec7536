"""Syntonic beside evosax and NumPy in one run, on the same cores: speed on XOR and digits, and peak memory.

    uv run python experiments/speed/first_light.py --peer-python PATH

The contestants take turns, one burst each, `--repeats` times, so that whatever else the machine does strikes all
of them alike; medians are compared. Without --peer-python, uv makes an environment for the peers in a temporary folder.
Writes `first_light.json` beside this file and the table into `README.md`.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Final, TypedDict

from contestants import HERE, Answer, Contestant, Session, make_peer_python, workloads

BURST: Final = {"xor": 1000, "digits": 200}
MARKS: Final = ("<!-- results -->", "<!-- end of results -->")


class Row(TypedDict):
    """One line of the table; rates are medians over the repeats, `slowest` and `fastest` are generations per second."""

    workload: str
    name: str
    peer: bool
    generations_per_second: float
    slowest: float
    fastest: float
    evaluations_per_second: float
    over_best_peer: float
    peak_rss_mb: float


def measure(workload: str, all_of_it: list[Contestant], peer_python: str, repeats: int) -> list[Row]:
    """Lets the contestants of one workload take turns and returns a row for each."""
    sessions = [Session(who, peer_python) for who in all_of_it]
    rounds: list[list[Answer]] = [[session.burst() for session in sessions] for _ in range(repeats)]
    for session in sessions:
        session.close()
    medians = [statistics.median(a.generations_per_second for a in answers) for answers in zip(*rounds, strict=True)]
    best = max(m for m, who in zip(medians, all_of_it, strict=True) if who.peer)
    return [
        Row(
            workload=workload,
            name=who.name,
            peer=who.peer,
            generations_per_second=median,
            slowest=min(a.generations_per_second for a in answers),
            fastest=max(a.generations_per_second for a in answers),
            evaluations_per_second=statistics.median(a.evaluations_per_second for a in answers),
            over_best_peer=median / best,
            peak_rss_mb=max(a.peak_rss_mb for a in answers),
        )
        for who, median, answers in zip(all_of_it, medians, zip(*rounds, strict=True), strict=True)
    ]


def peak_of_whole_run() -> float:
    """Returns the peak memory in MB of `syntonic-run` on XOR at population 1024, MLflow and display included."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["syntonic-run", "benchmark=xor", "trainer.population_size=1024"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}; its own message stands above")
    return usage.ru_maxrss * 1024 / 1e6


def machine() -> dict[str, str | int]:
    """Returns what the figures depend on: processor, usable cores, Python, commit."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE, check=True
    )
    cores = len(os.sched_getaffinity(0))
    return {"cpu": cpu, "cores": cores, "python": platform.python_version(), "commit": commit.stdout.strip()}


def table(rows: list[Row], about: dict[str, str | int], repeats: int, whole: float) -> str:
    """Returns the results as markdown."""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, Python {about['python']}, commit {about['commit']}; "
        f"median of {repeats} interleaved bursts, slowest to fastest in brackets.",
        "",
        "| workload | contestant | generations/s | evaluations/s | over the best peer | peak RSS (MB) |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        spread = f"{row['generations_per_second']:,.0f} ({row['slowest']:,.0f} to {row['fastest']:,.0f})"
        lines.append(
            f"| {row['workload']} | {row['name']} | {spread} | {row['evaluations_per_second']:,.0f} "
            f"| {row['over_best_peer']:.2f} | {row['peak_rss_mb']:.0f} |"
        )
    lines += ["", f"Peak RSS of the whole `syntonic-run` on XOR at population 1024, MLflow included: {whole:.0f} MB."]
    return "\n".join(lines)


def write_readme(text: str) -> None:
    """Puts the table between the two marks of the README beside this file."""
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    readme.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measures, prints and writes everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="a Python that has evosax, jax, optax and scikit-learn")
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    peer_python = args.peer_python or make_peer_python(Path(tempfile.gettempdir()) / "syntonic-peers")
    rows = [row for name, who in workloads(BURST).items() for row in measure(name, who, peer_python, args.repeats)]
    about, whole = machine(), peak_of_whole_run()
    results = {"machine": about, "repeats": args.repeats, "rows": rows, "peak_rss_mb_of_whole_run": whole}
    (HERE / "first_light.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = table(rows, about, args.repeats, whole)
    write_readme(text)
    print(text)


if __name__ == "__main__":
    main()
