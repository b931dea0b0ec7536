"""Runs the same training with tracking and without it, in turns, and compares the times of each pair.

    uv run python experiments/tracking_cost/run.py --pairs 21

Writes `results.json` beside this file and the table into `README.md`.
"""

import argparse
import contextlib
import ctypes
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
MARKS: Final = ("<!-- results -->", "<!-- end of results -->")
COMMAND: Final = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Times:
    """Seconds of one run.

    Attributes:
        loop: from the start of the first generation to the end of the last one.
        end: from there to the end of the command: checkpoint, test data, model, and what is left to record.
        whole: from the start of the command to its end.
        processor: what all processes of the command used together, the writer's tidying up included.
        strangers: what other programs used meanwhile.
    """

    loop: float
    end: float
    whole: float
    processor: float
    strangers: float


def measure(home: Path, words: list[str], tracking: str) -> Times:
    """Runs the command and reads off its times; the journal of the run has one line for each generation."""
    before = set(home.glob("runs/*"))
    used, busy = processor(), machine()
    started = time.time()
    done = subprocess.run(
        [*COMMAND, *words, f"tracking={tracking}"],
        env={**user_environment(), "SYNTONIC_HOME": str(home), "PYTHONPYCACHEPREFIX": str(home / "compiled")},
        capture_output=True,
        text=True,
        check=False,
    )
    ended = time.time()
    see_off()
    if done.returncode != 0:
        raise RuntimeError(f"the run failed:\n{done.stdout}{done.stderr}")
    (run,) = set(home.glob("runs/*")) - before
    lines = (run / "journal.jsonl").read_text().splitlines()
    first, last = (json.loads(line) for line in (lines[0], lines[-1]))
    begun = first["time"] / 1000 - first["metrics"]["seconds"]
    own = processor() - used
    end = ended - last["time"] / 1000
    return Times(last["time"] / 1000 - begun, end, ended - started, own, max(0.0, machine() - busy - own))


def adopt() -> None:
    """Makes processes whose parents have ended children of this one, which so can wait for them (Linux)."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def see_off() -> None:
    """Waits for what the command has left: the writer tidies up, and is not to do that while the next run is timed."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def user_environment() -> dict[str, str]:
    """Returns the environment without what would have Python compile its files at every start, as no user has it."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def processor() -> float:
    """Returns the seconds of processors that all processes took which were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def machine() -> float:
    """Returns the seconds of processors that everything on this machine took."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def quiet(pair: dict[str, Times], most: float) -> bool:
    """Returns whether other programs left the machine to both runs of a pair."""
    return all(times.strangers <= most * times.processor for times in pair.values())


def await_close(patience: float) -> None:
    """Waits until nothing else computes, so many seconds at most."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = machine()
        time.sleep(0.3)
        if machine() - before < 0.05:
            return


def compare(pairs: list[dict[str, Times]], part: str) -> dict[str, float]:
    """Returns medians of one of the times, and of what tracking adds to it within each pair."""
    on, off = ([getattr(pair[tracking], part) for pair in pairs] for tracking in ("mlflow", "none"))
    shares = sorted(with_it / without - 1 for with_it, without in zip(on, off, strict=True))
    quarter = len(shares) // 4
    return {
        "on": statistics.median(on),
        "off": statistics.median(off),
        "adds": statistics.median(a - b for a, b in zip(on, off, strict=True)),
        "share": statistics.median(shares),
        "share_low": shares[quarter],
        "share_high": shares[-1 - quarter],
    }


def table(results: dict[str, dict[str, float]], about: str) -> str:
    """Returns the results as markdown."""
    lines = [about, "", "| | off | on | tracking adds | share, median (quartiles) |", "|---|---:|---:|---:|---:|"]
    for part, found in results.items():
        lines.append(
            f"| {part} | {found['off']:.3f} s | {found['on']:.3f} s | {1000 * found['adds']:+.0f} ms "
            f"| {found['share']:+.1%} ({found['share_low']:+.1%} to {found['share_high']:+.1%}) |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and writes the results down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--most", type=float, default=math.inf, help="share of other programs in a pair that counts")
    parser.add_argument("--minutes", type=float, default=30.0, help="after which it stops with the pairs that it has")
    parser.add_argument("--dry", action="store_true", help="print only")
    asked = parser.parse_args()
    words = ["-cn", "digits", f"trainer.max_generations={asked.generations}"]
    adopt()
    pairs: list[dict[str, Times]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        measure(home, words, "mlflow")  # creates the store
        deadline = time.monotonic() + 60 * asked.minutes
        tried = 0
        while len(pairs) < asked.pairs and time.monotonic() < deadline:
            if asked.most < math.inf:
                await_close(deadline - time.monotonic())
            order = ("mlflow", "none") if tried % 2 else ("none", "mlflow")
            pair = {tracking: measure(home, words, tracking) for tracking in order}
            pairs += [pair] if quiet(pair, asked.most) else []
            tried += 1
    if not pairs:
        sys.exit(f"none of {tried} pairs had the machine to itself")
    results = {part: compare(pairs, part) for part in ("loop", "end", "whole", "processor")}
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True)
    load = os.getloadavg()[1]  # of the last five minutes; these runs by themselves make it about 2
    most = max(times.strangers / times.processor for pair in pairs for times in pair.values())
    about = (
        f"{len(os.sched_getaffinity(0))} cores with a load of {load:.0f}, Python {platform.python_version()}, "
        f"commit {commit.stdout.strip()}; "
        f"digits, {asked.generations:,} generations, {len(pairs)} pairs of {tried}, in which "
        f"other programs took {most:.0%} of what the run took, or less."
    )
    print(table(results, about))
    if not asked.dry:
        raw = [{tracking: asdict(times) for tracking, times in pair.items()} for pair in pairs]
        (HERE / "results.json").write_text(json.dumps({"about": about, "results": results, "pairs": raw}, indent=1))
        readme = HERE / "README.md"
        head, _, rest = readme.read_text().partition(MARKS[0])
        readme.write_text(f"{head}{MARKS[0]}\n{table(results, about)}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}")


if __name__ == "__main__":
    main()
