"""Ends that come before anything has begun, and runs that do not end when they should."""

import math
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import runs
from runner_processes import PATIENCE

from syntonic.runners.launchers import job
from syntonic.runners.run import signals
from syntonic.runners.sweep import parent
from syntonic.runners.sweep.folder import SweepFacts, SweepFolder, stop_sign
from syntonic.runners.sweep.results import RunSpec

Command = Callable[..., int]


@pytest.fixture
def asked_to_end() -> object:
    """A signal that comes before the first run."""
    signals.ask(signal.SIGTERM)
    yield
    signals.ask(None)


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
@pytest.mark.usefixtures("asked_to_end")
@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_a_sweep_that_ends_before_its_first_run_says_so_and_no_more(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], launcher: str
) -> None:
    assert command("-m", "seed=0,1", f"hydra/launcher={launcher}") == 128 + signal.SIGTERM
    said = capsys.readouterr().out
    assert said.count("not run") == 2
    assert "2 runs left" in said
    assert "warning" not in said
    assert runs(folder) == []


def a_sweep(**changes: object) -> SweepFolder:
    """Returns the folder of a sweep, taken."""
    return SweepFolder.take(SweepFacts("a1", "a sweep", "fake", [], 0.0, **changes))  # type: ignore[arg-type]


def test_who_waits_for_a_store_still_hears_a_signal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "_PATIENCE", math.inf)
    sweep = a_sweep()
    entry = parent.Parent(sweep, {"tracking": {"name": "mlflow"}, "seed": 0}, {})  # its store is never opened
    looks = iter([False, False, True])
    assert entry.id(lambda: next(looks)) == ""
    sweep.release()


def test_a_run_that_cannot_end_in_time_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = threading.Event()
    monkeypatch.setattr(job, "_GRACE", 0.01)
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.set() if number == signal.SIGKILL else None)
    sweep = a_sweep()
    spec = RunSpec(0, {}, "fake", [], {}, str(sweep.path), None, None, str(folder), str(folder), "here", [], [])
    stop_sign(sweep.path).touch()
    with job._ended_with(spec):
        assert killed.wait(PATIENCE)
    sweep.release()
    assert not signals.Stop()
