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

from syntonic.runners.launchers import submitit_job
from syntonic.runners.launchers.submitit import _cause
from syntonic.runners.run import signals

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
    assert log.read_text().count("resumed after generation") == 1
    steps = [json.loads(line)["step"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 61)), "every generation once"
    assert command(*words, "sweep.skip_finished=false") == 0
    assert arrays(runs(folder)[1]) == arrays(run)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed: syntonic[submitit]")
def test_a_job_may_reach_its_time_limit_as_often_as_it_takes(folder: Path) -> None:
    # submitit gives up at the fourth time limit of a job, and its local executor at the sixth start.
    words = ["-m", "tracking=none", "trainer.slow_until=go", "trainer.max_generations=60", "seed=0"]
    chosen = ["hydra/launcher=submitit", "hydra.launcher.cluster=local", "hydra.launcher.hours=0.01"]
    child = start(folder, *words, *chosen)
    wait_until(lambda: any(path.stat().st_size for path in folder.glob(".syntonic/runs/*/journal.jsonl")), child)
    (run,) = runs(folder)
    for _ in range(7):
        before, size = worker(run), (run / "journal.jsonl").stat().st_size
        os.kill(before, signal.SIGUSR2)
        wait_until(lambda: worker(run) != before and (run / "journal.jsonl").stat().st_size > size, child)  # noqa: B023
    (folder / "go").touch()
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, said
    assert finished(folder) == len(runs(folder)) == 1
    steps = [json.loads(line)["step"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 61)), "every generation once"


@pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed: syntonic[submitit]")
def test_a_job_that_gets_nowhere_in_its_time_has_failed_with_the_cause(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(spec: dict[str, object]) -> dict[str, object]:
        os.kill(os.getpid(), signal.SIGUSR2)
        return {"status": "KILLED", "run_id": "one", "reason": "", "exit_code": 143}

    monkeypatch.setattr(submitit_job, "execute_away", taken)
    spec = {"number": 0, "folder": str(folder), "home": str(folder), "resume": str(folder / "runs" / "one")}
    before = signal.getsignal(signal.SIGUSR2)
    signal.signal(signal.SIGUSR2, lambda *_: None)
    try:
        (folder / "runs" / "one" / "checkpoints" / "gen-00000003").mkdir(parents=True)
        ended = submitit_job.Requeued(requeues=True)(spec)
        assert ended["status"] == "FAILED"
        assert "a job needs more hydra.launcher.hours" in str(ended["reason"])
        found = iter((3, 4))
        monkeypatch.setattr(submitit_job, "_generation", lambda run: next(found))
        assert submitit_job.Requeued(requeues=False)(spec) == {"resume": spec["resume"]}
    finally:
        signals.ask(None)
        signal.signal(signal.SIGUSR2, before)


def test_the_cause_of_a_lost_job_is_not_where_its_log_is() -> None:
    told = "Job (task=0) failed during processing with trace:\n----\nTraceback\nKeyError: 'x'\n\n----\n"
    more = "You can check full logs with 'job.stderr(0)' and 'job.stdout(0)'or at paths:\n  - /a/1_err\n  - /a/1_out"
    assert _cause(RuntimeError(told + more)) == "RuntimeError: KeyError: 'x'"
    assert _cause(RuntimeError("")) == "RuntimeError: no reason given"


def worker(run: Path) -> int:
    """Returns the process that computes a run."""
    return int(json.loads((run / "tracking" / "request.json").read_text())["process"]["pid"])
