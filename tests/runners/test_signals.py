"""Signals that whoever started the command had it ignore: `nohup`, or a script's background."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.run import signals

HERE = Path(__file__).parent
FAKE = ["-cd", str(HERE / "configs"), "-cn", "fake"]
TOTAL = ["trainer.max_generations=6", "trainer.waits_at=4", "tracking=none"]


def started(folder: Path, ignored: signal.Signals, *overrides: str) -> "subprocess.Popen[str]":
    """Starts the command with a signal ignored, and waits until its trainer waits for the file `go`."""
    child = subprocess.Popen(
        [sys.executable, str(HERE / "command.py"), *FAKE, *TOTAL, *overrides],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(ignored, signal.SIG_IGN),
    )
    while not any((run / "journal.jsonl").exists() for run in runs(folder)):
        assert child.poll() is None
        time.sleep(0.02)
    return child


LOCAL = ["-m", "seed=0", "hydra/launcher=local"]
CASES = [
    (signal.SIGHUP, []),
    (signal.SIGINT, []),
    (signal.SIGTERM, []),
    (signal.SIGINT, LOCAL[:2]),
    (signal.SIGINT, LOCAL),
]


@pytest.mark.parametrize(("ignored", "sweep"), CASES)
def test_an_ignored_signal_stays_ignored(folder: Path, ignored: signal.Signals, sweep: list[str]) -> None:
    child = started(folder, ignored, *sweep)
    for _ in range(3):
        child.send_signal(ignored)
        time.sleep(0.05)
    (folder / "go").touch()
    said = child.communicate()[0]
    assert child.returncode == 0, said
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"]


def test_the_other_signals_still_end_a_run(folder: Path) -> None:
    child = started(folder, signal.SIGHUP)
    child.send_signal(signal.SIGTERM)
    time.sleep(0.05)
    (folder / "go").touch()
    said = child.communicate()[0]
    assert child.returncode == 128 + signal.SIGTERM, said
    assert facts(runs(folder)[0])["status"] == "KILLED"


def test_what_is_ignored_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.watched() as stop:
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN)
            signal.raise_signal(signal.SIGHUP)
            assert not stop
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    # What a program in another language has set cannot be put back, so it is left.
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    assert signals.heeded() == ()
