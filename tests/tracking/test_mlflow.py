"""MLflow: what is there after a run, and what is not lost when it cannot be reached."""

import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syntonic.runners import provenance
from syntonic.tracking.base import Ending, Provenance, Receipt, Run, Status
from syntonic.tracking.mlflow import MlflowTracker, local_uri

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy


class Step:
    def __init__(self, generation: int, keys: int = 3) -> None:
        self.generation = generation
        self._keys = keys

    def metrics(self) -> dict[str, float]:
        return {f"m{key:03}": self.generation + key / 1000 for key in range(self._keys)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests: to create it is what takes time."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    return Run(
        id=tmp_path.name,
        title="a title",
        folder=tmp_path,
        home=home,
        config={"seed": 0, "model": {"name": "mlp"}},
        params={f"p.{key}": str(key) for key in range(150)},
        provenance=lambda: Provenance({"git.commit": "abc", "config_hash": "def"}, {"packages.txt": "a==1\n"}),
        remember=lambda tracked_as: None,
    )


@pytest.fixture
def client(home: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(local_uri(home))


def record(run: Run, steps: Iterator[Step] | list[Step], ending: Ending) -> Receipt:
    tracker = MlflowTracker()
    tracker.start(run)
    for step in steps:
        tracker.log(step)
    return tracker.finish(ending)


def test_a_run_is_there_whole(run: Run, tmp_path: Path, client: Any) -> None:
    kept = tmp_path / "gen-00000003"
    kept.mkdir()
    (kept / "state.safetensors").write_bytes(b"x")
    ending = Ending(
        Status.FINISHED, 3, {"test_accuracy": 0.9}, {"checkpoints/gen-00000003": kept}, {"note.txt": "hello"}
    )
    receipt = record(run, [Step(1), Step(2), Step(3)], ending)
    assert receipt.problems == []
    found = client.get_run(receipt.run_id)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "a title")
    assert found.data.params == run.params
    assert found.data.metrics["test_accuracy"] == 0.9
    assert [metric.step for metric in client.get_metric_history(receipt.run_id, "m001")] == [1, 2, 3]
    assert found.data.tags["mlflow.source.git.commit"] == "abc"
    assert found.data.tags["syntonic.config_hash"] == "def"
    artifacts = {item.path for item in client.list_artifacts(receipt.run_id)}
    assert artifacts == {"config.yaml", "provenance", "checkpoints", "note.txt"}
    assert [item.path for item in client.list_artifacts(receipt.run_id, "checkpoints/gen-00000003")] == [
        "checkpoints/gen-00000003/state.safetensors"
    ]


@pytest.mark.parametrize("status", [Status.FAILED, Status.KILLED])
def test_the_status_is_true(run: Run, client: Any, status: Status) -> None:
    receipt = record(run, [Step(1)], Ending(status, 1))
    assert client.get_run(receipt.run_id).info.status == status


def test_many_points_are_all_there(run: Run, home: Path) -> None:
    receipt = record(run, (Step(step, keys=7) for step in range(1, 1001)), Ending(Status.FINISHED, 1000))
    with sqlite3.connect(home / "mlflow.db") as database:
        query = "SELECT COUNT(*), COUNT(DISTINCT key || step) FROM metrics WHERE run_uuid = ?"
        assert list(database.execute(query, [receipt.run_id])) == [(7000, 7000)]


def test_a_resumed_run_is_the_same_one_without_doubles_or_gaps(run: Run, client: Any) -> None:
    first = record(run, [Step(1), Step(2), Step(3)], Ending(Status.KILLED, 3))
    again = replace(run, resumed=True, tracked_as=first.run_id, params={**run.params, "new": "1"})
    lost = (run.folder / "journal.jsonl").read_text().splitlines()[-1].replace('"step": 3', '"step": 4')
    with (run.folder / "journal.jsonl").open("a") as journal:
        journal.write(f"{lost}\n")  # measured and not sent before the kill
    second = record(again, [Step(3), Step(4), Step(5)], Ending(Status.FINISHED, 5, {"test_accuracy": 1.0}))
    assert second.run_id == first.run_id
    assert [metric.step for metric in client.get_metric_history(first.run_id, "m000")] == [1, 2, 3, 4, 5]
    found = client.get_run(first.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params["new"] == "1"


def test_a_run_whose_id_was_never_remembered_is_found(run: Run) -> None:
    first = record(run, [Step(1)], Ending(Status.KILLED, 1))
    second = record(replace(run, resumed=True), [Step(1), Step(2)], Ending(Status.FINISHED, 2))
    assert second.run_id == first.run_id


def test_final_metrics_are_stored_once(run: Run, client: Any) -> None:
    ending = Ending(Status.FINISHED, 1, {"test_accuracy": 1.0})
    first = record(run, [Step(1)], ending)
    record(replace(run, resumed=True, tracked_as=first.run_id), [], ending)
    assert len(client.get_metric_history(first.run_id, "test_accuracy")) == 1


def test_a_store_that_cannot_be_opened_loses_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file is no folder")
    tracker = MlflowTracker(uri=f"sqlite:///{tmp_path}/file/x.db")
    tracker.start(run)
    for step in range(1, 21):
        tracker.log(Step(step))
    receipt = tracker.finish(Ending(Status.FINISHED, 20))
    (problem,) = receipt.problems
    assert "every point is kept in" in problem
    assert len((run.folder / "journal.jsonl").read_text().splitlines()) == 20
    assert "Traceback" in (run.folder / "tracking-error.txt").read_text()


def test_the_store_writes_ahead(home: Path, run: Run) -> None:
    record(run, [], Ending(Status.FINISHED, 0))
    with sqlite3.connect(home / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_git_is_read_in_the_working_folder(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    assert provenance.git(tmp_path) == ({}, "")
    git("init", "-b", "trunk")
    (tmp_path / "a.txt").write_text("one\n")
    git("add", ".")
    git("commit", "-m", "first")
    tags, diff = provenance.git(tmp_path)
    assert (tags["git.branch"], tags["git.dirty"], len(tags["git.commit"]), diff) == ("trunk", "false", 40, "")
    (tmp_path / "a.txt").write_text("two\n")
    (tmp_path / "b.txt").write_text("new\n")
    tags, diff = provenance.git(tmp_path)
    assert tags["git.dirty"] == "true"
    assert "+two" in diff
    assert "# untracked: b.txt" in diff
