"""Sweeps as processes of their own: started, watched, and looked for after their end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from conftest import FAKE, HERE
from runner_folders import facts, runs

PATIENCE = 240.0  # seconds: a cluster takes its time to start on a busy machine
# Two runs that end at once, and two that take minutes unless the file `go` is there: they are interrupted for sure.
SLOW = ["-m", "trainer.slow_until=null,go", "seed=0,1", "trainer.max_generations=400"]


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Starts the command in a session of its own, as a terminal would, so that everything it leaves can be found."""
    return subprocess.Popen(
        [sys.executable, str(HERE / "command.py"), *FAKE, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "SYNTONIC_TEST_MARK": str(folder)},
        start_new_session=True,
    )


def processes(folder: Path) -> list[int]:
    """Returns the processes that a command started in this folder has left, whatever their parents and sessions."""
    mark = f"SYNTONIC_TEST_MARK={folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:  # ended meanwhile, or another user's
            continue
    return found


def wait_until(true: Callable[[], bool], child: "subprocess.Popen[str]", seconds: float = PATIENCE) -> None:
    """Waits for something that a child does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert child.poll() is None, child.stdout.read() if child.stdout else ""
        assert time.monotonic() < deadline
        time.sleep(0.02)


def finished(folder: Path) -> int:
    """Returns how many runs are finished."""
    return sum(facts(run)["status"] == "FINISHED" for run in runs(folder) if (run / "run.json").exists())


def under_way(folder: Path) -> list[Path]:
    """Returns the slow runs that are being computed, once another run has finished; none before."""
    begun = [run for run in runs(folder) if (run / "journal.jsonl").exists()]
    slow = [run for run in begun if facts(run)["config"]["trainer"]["slow_until"] == "go"]
    return slow if finished(folder) else []
