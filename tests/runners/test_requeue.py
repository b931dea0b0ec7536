"""A job that the cluster interrupts to take its machine back: it writes a checkpoint, and goes on when it may."""

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from runner_folders import arrays, runs
from runner_processes import PATIENCE, finished, processes, start, wait_until

Command = Callable[..., int]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed: syntonic[submitit]")
def test_an_interrupted_job_goes_on_where_it_was(command: Command, folder: Path) -> None:
    words = ["-m", "tracking=none", "trainer.slow_until=go", "trainer.max_generations=60", "seed=0"]
    child = start(folder, *words, "hydra/launcher=submitit", "hydra.launcher.cluster=local")
    wait_until(lambda: any(path.stat().st_size for path in folder.glob(".syntonic/runs/*/journal.jsonl")), child)
    (run,) = runs(folder)
    assert not list(run.glob("checkpoints/gen-*"))
    os.kill(worker(run), signal.SIGUSR2)
    wait_until(lambda: any(run.glob("checkpoints/gen-*")), child)
    (folder / "go").touch()
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, said
    assert processes(folder) == []
    assert finished(folder) == len(runs(folder)) == 1, "in its own folder"
    (log,) = folder.glob(".syntonic/sweeps/*/logs/*.log")
    assert log.read_text().count("goes on after generation") == 1
    steps = [json.loads(line)["step"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 61)), "every generation once"
    assert command(*words, "sweep.skip_finished=false") == 0
    assert arrays(runs(folder)[1]) == arrays(run)


def worker(run: Path) -> int:
    """Returns the process that computes a run."""
    return int(json.loads((run / "tracking" / "request.json").read_text())["process"]["pid"])
