"""The process that writes: whatever is killed, and whenever, the store has every point once and the true status."""

import gc
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from syntonic.tracking import client as client_module
from syntonic.tracking.base import Ending, Receipt, Run, Status
from syntonic.tracking.client import Client, request
from syntonic.tracking.mlflow import MlflowTracker
from syntonic.tracking.spool import Spool
from syntonic.tracking.writer_process import WriterProcess

Recorder = Callable[..., Receipt]

TRAINER = """
import sys, time
from pathlib import Path
from syntonic.tracking.base import Run
from syntonic.tracking.mlflow import MlflowTracker
class Step:
    def __init__(self, generation): self.generation = generation
    def metrics(self): return {"loss": 1.0 / self.generation}
folder = Path(sys.argv[1])
tracker = MlflowTracker()
tracker.start(Run(folder.name, "t", folder, folder.parent.parent, {}, {}, started=time.time()))
for step in range(1, 51): tracker.log(Step(step))
tracker.flush()
print("ready", flush=True)
time.sleep(60)
"""


def rows(home: Path, query: str, *values: str) -> list[Any]:
    """Asks the store."""
    with sqlite3.connect(home / "mlflow.db") as database:
        return list(database.execute(query, values))


def status(home: Path, run: Run) -> str | None:
    """Returns the status that the store has of a run."""
    query = "SELECT status FROM runs JOIN tags USING (run_uuid) WHERE key = 'syntonic.run' AND value = ?"
    try:
        return next((row[0] for row in rows(home, query, run.id)), None)
    except sqlite3.OperationalError:
        return None


def test_a_run_is_recorded_and_its_process_is_gone(run: Run, home: Path, record: Recorder, steps: Any) -> None:
    receipt = record(run, steps(1, 1001), Ending(Status.FINISHED, 1000))
    assert (receipt.problems, receipt.served) == ([], True)
    query = "SELECT COUNT(*), COUNT(DISTINCT key || step) FROM metrics WHERE run_uuid = ? AND key LIKE 'm%'"
    assert rows(home, query, receipt.run_id) == [(3000, 3000)]
    assert rows(home, "SELECT status FROM runs WHERE run_uuid = ?", receipt.run_id) == [("FINISHED",)]
    tags = dict(rows(home, "SELECT key, value FROM tags WHERE run_uuid = ?", receipt.run_id))
    assert tags["syntonic.python"] == platform.python_version()
    assert (run.folder / "tracking" / client_module.LOG).read_text() == ""


def test_a_late_writer_of_a_killed_trainer_leaves_a_recorded_run_alone(
    run: Run, home: Path, record: Recorder, steps: Any
) -> None:
    """The trainer was killed before its writer had begun, and the run was resumed to its end meanwhile."""
    receipt = record(run, steps(1, 11), Ending(Status.FINISHED, 10))
    # What no writer would write: it shows whether one was here.
    with sqlite3.connect(home / "mlflow.db") as database:
        database.execute("UPDATE runs SET status = 'SCHEDULED' WHERE run_uuid = ?", [receipt.run_id])
    late = WriterProcess()
    late.take(run.folder, calm=False)
    late.dismiss()
    assert late.gone
    assert status(home, run) == "SCHEDULED"


def test_a_process_that_was_got_ready_takes_the_run(run: Run, home: Path, steps: Any) -> None:
    tracker = MlflowTracker()
    tracker.prepare()
    ready = tracker._writer
    assert ready is not None
    tracker.start(run)
    assert tracker._client._writer is ready
    tracker.dismiss()
    for step in steps(1, 21):
        tracker.log(step)
    assert tracker.finish(Ending(Status.FINISHED, 20)).problems == []
    assert status(home, run) == "FINISHED"


def test_the_last_one_to_leave_a_store_tidies_up(
    run: Run, home: Path, tmp_path: Path, record: Recorder, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    own = replace(run, id="one", folder=folder, home=tmp_path)
    assert record(own, steps(1, 1001), Ending(Status.FINISHED, 1000)).problems == []
    assert status(tmp_path, own) == "FINISHED"
    gc.collect()  # this process has looked into the store too
    until(lambda: not list(tmp_path.glob("mlflow.db-*")))


def test_a_process_without_a_run_ends_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = MlflowTracker()
    tracker.prepare()
    ready = tracker._writer
    assert ready is not None
    tracker.dismiss()
    assert ready.gone
    assert list(tmp_path.iterdir()) == []


def test_a_killed_trainer_leaves_a_killed_run_and_no_process(run: Run, home: Path) -> None:
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(run.folder)], stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert trainer.stdout is not None
    assert trainer.stdout.readline() == "ready\n"
    until(lambda: status(home, run) == "RUNNING")
    trainer.send_signal(signal.SIGKILL)
    trainer.communicate()
    until(lambda: status(home, run) == "KILLED")
    until(lambda: Spool(run.folder).read_receipt() is not None)
    receipt = Spool(run.folder).read_receipt()
    assert receipt is not None
    assert receipt.whole
    assert rows(home, "SELECT COUNT(*) FROM metrics WHERE run_uuid = ? AND key = 'train/loss'", receipt.run_id) == [
        (50,)
    ]


def test_a_killed_writer_is_replaced(run: Run, home: Path, steps: Any) -> None:
    recording = Client(run, request(run, None, "syntonic"), "store", served=True)
    for step in steps(1, 21):
        recording.log(step)
    os.kill(recording._writer.pid, signal.SIGKILL)
    receipt = recording.finish(Ending(Status.FINISHED, 20))
    assert receipt.problems == []
    assert status(home, run) == "FINISHED"
    assert rows(home, "SELECT COUNT(*) FROM metrics WHERE run_uuid = ?", receipt.run_id) == [(60,)]


def test_a_slow_writer_hands_over(run: Run, home: Path, steps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    recording = Client(replace(run, say=said.append), request(run, None, "syntonic"), "store", served=True)
    for step in steps(1, 21):
        recording.log(step)
    until(lambda: status(home, run) == "RUNNING")
    os.kill(recording._writer.pid, signal.SIGSTOP)
    monkeypatch.setattr(client_module, "_SLOW", 0.1)
    monkeypatch.setattr(client_module, "_SILENCE", 0.2)
    started = time.monotonic()
    os_timer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {recording._writer.pid}"])
    receipt = recording.finish(Ending(Status.FINISHED, 20))
    os_timer.wait()
    assert receipt.problems == []
    assert status(home, run) == "FINISHED"
    assert time.monotonic() - started >= 1.0
    assert said == ["waiting until the run is recorded in store"]


def test_a_store_that_cannot_be_opened_loses_nothing_and_sync_is_named(
    run: Run, tmp_path: Path, record: Recorder, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    receipt = record(run, steps(1, 21), Ending(Status.FINISHED, 20), uri=f"sqlite:///{tmp_path}/file/x.db")
    problem, hint = receipt.problems
    assert "everything is kept in" in problem
    assert "syntonic-run sync" in hint
    assert len((run.folder / "journal.jsonl").read_text().splitlines()) == 20
    assert "Traceback" in (run.folder / "tracking" / "error.txt").read_text()


def test_a_folder_full_of_false_modules_is_no_danger(
    run: Run, tmp_path: Path, record: Recorder, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "sqlite3", "mlflow", "syntonic", "selectors"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the working folder was imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    assert record(run, steps(1, 2), Ending(Status.FINISHED, 1)).problems == []


def test_the_death_of_both_is_found_by_the_next_run(
    run: Run, home: Path, tmp_path: Path, record: Recorder, steps: Any
) -> None:
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(run.folder)], stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert trainer.stdout is not None
    assert trainer.stdout.readline() == "ready\n"
    until(lambda: status(home, run) == "RUNNING")
    children = Path(f"/proc/{trainer.pid}/task/{trainer.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell the children of a process")
    for pid in (int(children.read_text()), trainer.pid):
        os.kill(pid, signal.SIGKILL)
    trainer.communicate()
    assert status(home, run) == "RUNNING"
    other = home / "runs" / f"{run.id}-next"
    other.mkdir()
    record(replace(run, id=other.name, folder=other), steps(1, 2), Ending(Status.FINISHED, 1))
    assert status(home, run) == "KILLED"
