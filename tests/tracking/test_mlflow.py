"""MLflow: what is there after a run, written by rows or by MLflow's client, and read by MLflow's client."""

import json
import math
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking import machine
from syntonic.tracking.arrays import pack
from syntonic.tracking.base import Ending, Receipt, Run, Status
from syntonic.tracking.client import request
from syntonic.tracking.journal import JOURNAL, Journal
from syntonic.tracking.mlflow import MlflowTracker
from syntonic.tracking.spool import Spool, Upload, opened
from syntonic.tracking.stores import address, sqlite
from syntonic.tracking.stores.connection import connect
from syntonic.tracking.stores.mlflow_run import MlflowRun
from syntonic.tracking.uploader import Uploader

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy

Recorder = Callable[..., Receipt]
Deliver = Callable[..., Upload]


@pytest.fixture(params=["rows", "client"])
def deliver(request: pytest.FixtureRequest, home: Path) -> Deliver:
    """Delivers what a run's folder holds, in this process, by both ways of writing."""

    def by_client(spool: Spool, asked: Any) -> MlflowRun:
        stored_as = spool.read_stored_as()
        return MlflowRun(address.local(home), asked, stored_as.run_id if stored_as else None, str(home / "artifacts"))

    def deliver(run: Run, steps: Any, ending: Ending, time: int = 2_000_000_000) -> Upload:
        spool = Spool(run.folder)
        spool.begin(asked(run))
        journal = Journal(run.folder / JOURNAL)
        for step in steps:
            journal.append(step.generation, step.metrics())
        journal.close()
        spool.end(ending, time)
        with opened(run.folder):
            way = connect if request.param == "rows" else by_client
            uploader = Uploader(spool, asked(run), way, address.local(home))
            return uploader.conclude(spool.read_end(), 0.0)

    def asked(run: Run) -> Any:
        return _request(run)

    return deliver


def _request(run: Run) -> Any:
    return request(run, None, "syntonic")


def test_a_run_is_there_whole(run: Run, client: Any, deliver: Deliver, steps: Any) -> None:
    kept = run.folder / "checkpoints" / "gen-00000002"
    kept.mkdir(parents=True)
    (kept / "state.safetensors").write_bytes(b"x")
    (run.folder / "logs").mkdir()
    (run.folder / "logs" / "job.txt").write_text("said")
    ending = Ending(
        status=Status.FINISHED,
        step=3,
        results={"test_accuracy": 0.9},
        folders={"logs": run.folder / "logs"},
        texts={"note.txt": "hello"},
        note="# well done",
        tags={"reason": "early stop"},
    )
    delivered = deliver(run, steps(1, 4), ending)
    assert (delivered.whole, delivered.problems) == (True, [])
    found = client.get_run(delivered.run_id)
    assert (found.info.status, found.info.run_name) == ("FINISHED", "a title")
    assert (found.info.start_time, found.info.end_time) == (1_000_000_000, 2_000_000_000)
    assert found.data.params == run.params
    assert found.data.metrics == {"test_accuracy": 0.9, "m000": 3.0, "m001": 3.001, "m002": 3.002}
    assert [metric.step for metric in client.get_metric_history(delivered.run_id, "m001")] == [1, 2, 3]
    tags = found.data.tags
    assert (tags["syntonic.config_hash"], tags["syntonic.run"], tags["syntonic.reason"]) == (
        "def",
        run.id,
        "early stop",
    )
    assert tags["mlflow.note.content"] == "# well done"
    assert "syntonic.heartbeat" in tags
    assert [item.path for item in client.list_artifacts(delivered.run_id, "logs")] == ["logs/job.txt"]
    assert {item.path for item in client.list_artifacts(delivered.run_id)} == {
        "config.json",
        "note.txt",
        "logs",
        "report.html",
    }


def test_a_kept_checkpoint_is_a_model_and_a_pruned_one_is_gone(
    run: Run, client: Any, deliver: Deliver, steps: Any
) -> None:
    for step in (1, 2):
        folder = run.folder / "checkpoints" / f"gen-{step:08}"
        folder.mkdir(parents=True)
        (folder / "state.safetensors").write_bytes(b"x" * step)
    (folder / "secret").symlink_to("/etc/hostname")
    first = deliver(run, steps(1, 3), Ending(Status.KILLED, 2))
    models = stored(client, first.run_id)
    assert {model.name: {m.key: m.value for m in model.metrics} for model in models} == {
        f"a-title-gen-{step:08}": {f"m{key:03}": step + key / 1000 for key in range(3)} for step in (1, 2)
    }
    assert models[0].params == run.params
    files = [sorted(Path(model.artifact_location.removeprefix("file://")).rglob("*")) for model in models]
    assert {path.name for path in files[0]} == {"state.safetensors"}
    outputs = client.get_run(first.run_id).outputs.model_outputs
    assert {output.model_id for output in outputs} == {model.model_id for model in models}
    (folder / "state.safetensors").unlink()
    (folder / "secret").unlink()
    folder.rmdir()
    deliver(replace(run, resumed=True), steps(3, 4), Ending(Status.FINISHED, 3))
    assert [model.name for model in stored(client, first.run_id)] == ["a-title-gen-00000001"]
    gone = next(model for model in models if model.name.endswith("2"))
    assert not list(Path(gone.artifact_location.removeprefix("file://")).rglob("state.safetensors"))


def test_a_finished_run_has_one_model_with_its_metrics_and_its_checkpoints_as_files(
    run: Run, client: Any, deliver: Deliver, steps: Any
) -> None:
    for name in ("checkpoints/gen-00000001", "checkpoints/gen-00000002"):
        (run.folder / name).mkdir(parents=True)
        (run.folder / name / "state.safetensors").write_bytes(b"x")
    killed = deliver(run, steps(1, 3), Ending(Status.KILLED, 2))
    assert len(stored(client, killed.run_id)) == 2, "they are what the store has of a run that is not over"
    (run.folder / "model").mkdir()
    (run.folder / "model" / "parameters.safetensors").write_bytes(b"y")
    deliver(replace(run, resumed=True), steps(3, 4), Ending(Status.FINISHED, 3, {"test_accuracy": 0.5}))
    (model,) = stored(client, killed.run_id)
    assert model.name == "a-title-model"
    assert {metric.key: metric.value for metric in model.metrics}["test_accuracy"] == 0.5
    for step in (1, 2):
        (file,) = client.list_artifacts(killed.run_id, f"checkpoints/gen-{step:08}")
        assert file.path == f"checkpoints/gen-{step:08}/state.safetensors"


def test_tags_and_a_note_of_the_user_are_on_the_run(run: Run, client: Any, record: Recorder, steps: Any) -> None:
    receipt = record(
        run, steps(1, 2), Ending(Status.FINISHED, 1), tags={"team": "vision", "config_hash": "x"}, note="# why"
    )
    tags = client.get_run(receipt.run_id).data.tags
    assert (tags["team"], tags["config_hash"], tags["syntonic.config_hash"]) == ("vision", "x", "def")
    assert tags["mlflow.note.content"] == "# why"


def test_each_kept_checkpoint_has_an_image_with_its_step(run: Run, client: Any, deliver: Deliver, steps: Any) -> None:
    lattice = {f"lattice_{name}": {"dtype": "int64", "shape": [2], "data": bytes(16)} for name in "ab"}
    for step in (1, 2):
        folder = run.folder / "checkpoints" / f"gen-{step:08}"
        folder.mkdir(parents=True)
        (folder / "state.safetensors").write_bytes(pack(lattice))
    first = deliver(run, steps(1, 3), Ending(Status.KILLED, 2))
    deliver(replace(run, resumed=True), steps(3, 4), Ending(Status.FINISHED, 3))
    images = [item.path for item in client.list_artifacts(first.run_id, "images")]
    form = re.compile(r"images/lattice\+step\+(\d+)\+timestamp\+(\d+)\+[0-9a-f-]{36}(\+compressed)?\.png")
    found = [match.groups() for match in map(form.fullmatch, images) if match]
    assert len(found) == len(images) == 4
    assert {(step, small) for step, _, small in found} == {(s, small) for s in "12" for small in (None, "+compressed")}
    assert client.get_run(first.run_id).data.tags["mlflow.loggedImages"] == "True"


def stored(client: Any, run_id: str) -> list[Any]:
    """Returns the models of a run."""
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_logged_models([experiment], f"source_run_id = '{run_id}'"))


@pytest.mark.parametrize("status", [Status.FAILED, Status.KILLED])
def test_the_status_is_true(run: Run, client: Any, deliver: Deliver, steps: Any, status: Status) -> None:
    delivered = deliver(run, steps(1, 2), Ending(status, 1))
    assert client.get_run(delivered.run_id).info.status == status


def test_a_resumed_run_is_the_same_one_without_doubles_or_gaps(
    run: Run, client: Any, deliver: Deliver, steps: Any
) -> None:
    (run.folder / "tracking").mkdir()
    looks = Journal(run.folder / "tracking" / machine.JOURNAL)
    looks.append(50, {"system/cpu_utilization_percentage": 1.0})
    looks.leave()
    first = deliver(run, steps(1, 4), Ending(Status.KILLED, 3, tags={"killed": "its process is gone"}))
    assert client.get_run(first.run_id).data.tags["syntonic.killed"]
    with (run.folder / JOURNAL).open("a") as journal:  # measured and not sent before the kill
        journal.write('{"step": 4, "time": 5, "metrics": {"m000": 4.0}}\n')
    again = replace(run, resumed=True, params={**run.params, "new": "1"})
    second = deliver(again, steps(3, 6), Ending(Status.FINISHED, 5, {"test_accuracy": 1.0}))
    deliver(again, [], Ending(Status.FINISHED, 5, {"test_accuracy": 1.0}))
    assert second.run_id == first.run_id
    assert sorted(metric.step for metric in client.get_metric_history(first.run_id, "m000")) == [1, 2, 3, 4, 5]
    assert len(client.get_metric_history(first.run_id, "test_accuracy")) == 1
    looked = client.get_metric_history(first.run_id, "system/cpu_utilization_percentage")
    assert [metric.step for metric in looked] == [50], "a look at the machine is no generation"
    found = client.get_run(first.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params["new"] == "1"
    assert "syntonic.killed" not in found.data.tags


def test_a_sweep_that_goes_on_has_its_latest_results(run: Run, client: Any, deliver: Deliver) -> None:
    first = {"best_test_loss": 0.5, "runs": 2.0, "failed_runs": 0.0, "odd": math.nan}
    deliver(run, [], Ending(Status.KILLED, 0, first))
    more = {**first, "best_test_loss": 0.25, "runs": 3.0}
    stored_as = deliver(run, [], Ending(Status.FINISHED, 0, more), 2_000_000_001).run_id
    found = client.get_run(stored_as).data.metrics
    assert [found[key] for key in ("best_test_loss", "runs", "failed_runs")] == [0.25, 3.0, 0.0]
    counts = {key: len(client.get_metric_history(stored_as, key)) for key in first}
    assert counts == {"best_test_loss": 2, "runs": 2, "failed_runs": 1, "odd": 1}


def test_a_run_whose_id_was_never_written_down_is_found(run: Run, deliver: Deliver, steps: Any) -> None:
    first = deliver(run, steps(1, 2), Ending(Status.KILLED, 1))
    (run.folder / "tracking" / "record.json").unlink()
    assert deliver(run, steps(2, 3), Ending(Status.FINISHED, 2)).run_id == first.run_id


def test_numbers_that_are_none_are_stored(run: Run, client: Any, deliver: Deliver) -> None:
    class Odd:
        generation = 1

        def metrics(self) -> dict[str, float]:
            return {"nan": math.nan, "inf": math.inf, "low": -math.inf}

    delivered = deliver(run, [Odd()], Ending(Status.FINISHED, 1))
    found = client.get_run(delivered.run_id).data.metrics
    assert math.isnan(found["nan"])
    assert (found["inf"], found["low"]) == (1.7976931348623157e308, -1.7976931348623157e308)


def test_a_child_knows_its_parent(run: Run, client: Any, deliver: Deliver) -> None:
    child = deliver(replace(run, parent="f" * 32), [], Ending(Status.FINISHED, 0))
    assert client.get_run(child.run_id).data.tags["mlflow.parentRunId"] == "f" * 32


def test_what_is_finished_is_known(run: Run, home: Path, deliver: Deliver, steps: Any) -> None:
    found = replace(run, tags={"config_hash": "abc", "core_sha256": "def"})
    delivered = deliver(found, steps(1, 3), Ending(Status.FINISHED, 2, {"test_accuracy": 0.5}))
    past = {past.run_id: past for past in MlflowTracker().finished(home)}[delivered.run_id]
    assert (past.digest, past.core, past.results["test_accuracy"]) == ("abc", "def", 0.5)
    deliver(replace(found, resumed=True), [], Ending(Status.FAILED, 2))
    assert delivered.run_id not in {past.run_id for past in MlflowTracker().finished(home)}


@pytest.fixture
def own(run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run in a home of its own, which a test may spoil."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    folder = tmp_path / "before" / ".syntonic" / "runs" / run.id
    folder.mkdir(parents=True)
    return replace(run, folder=folder, home=folder.parents[1])


def test_artifacts_move_with_the_folder_of_the_runs(own: Run, tmp_path: Path, record: Recorder, steps: Any) -> None:
    before = record(own, steps(1, 3), Ending(Status.FINISHED, 2, texts={"a.txt": "first"})).run_id
    (tmp_path / "before").rename(tmp_path / "after")
    there = (tmp_path / "after" / ".syntonic").rename(tmp_path / "after" / "kept")
    again = replace(own, folder=there / "runs" / own.id, home=there, resumed=True)
    after = record(again, steps(3, 4), Ending(Status.FINISHED, 3, texts={"b.txt": "second"})).run_id
    assert before == after
    assert not (tmp_path / "before").exists(), "nothing is written to where it was"
    with sqlite3.connect(there / "mlflow.db") as rows:
        places = list(rows.execute("SELECT artifact_uri FROM runs"))
        places += rows.execute("SELECT artifact_location FROM experiments WHERE name = 'syntonic'")
    assert len(places) == 2
    assert all(uri.startswith((there / "artifacts").as_uri()) for (uri,) in places)
    kept = there / "artifacts" / after / "artifacts"
    assert [(kept / name).read_text() for name in ("a.txt", "b.txt")] == ["first", "second"]


@pytest.mark.parametrize("query", ["UPDATE experiments SET artifact_location = ?", "UPDATE runs SET artifact_uri = ?"])
def test_artifacts_are_not_written_to_where_a_foreign_database_says(
    own: Run, tmp_path: Path, record: Recorder, steps: Any, query: str
) -> None:
    record(own, steps(1, 3), Ending(Status.FINISHED, 2))
    (tmp_path / "victim").mkdir()
    with sqlite3.connect(own.home / "mlflow.db") as rows:
        rows.execute(query, [(tmp_path / "victim").as_uri()])
    receipt = record(replace(own, resumed=True), steps(3, 4), Ending(Status.FINISHED, 3))
    assert "nothing was written there" in " ".join(receipt.problems)
    assert list((tmp_path / "victim").iterdir()) == []


def test_the_tables_are_known_and_write_ahead(home: Path) -> None:
    assert sqlite.known(home / "mlflow.db"), "the installed MLflow has other tables: rows are written by its client"
    with sqlite3.connect(home / "mlflow.db") as opened_database:
        assert opened_database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_database_with_other_tables_is_left_to_the_client(home: Path, tmp_path: Path) -> None:
    with sqlite3.connect(home / "mlflow.db") as source, sqlite3.connect(tmp_path / "x.db") as target:
        source.backup(target)
        target.execute("ALTER TABLE metrics ADD COLUMN unit TEXT")
    assert not sqlite.known(tmp_path / "x.db")
    assert not sqlite.known(tmp_path / "none.db")


def test_twenty_thousand_points_arrive_once(run: Run, home: Path, steps: Any) -> None:
    spool = Spool(run.folder)
    spool.begin(_request(run))
    journal = Journal(run.folder / JOURNAL)
    for step in steps(1, 2001, keys=10):
        journal.append(step.generation, step.metrics())
    journal.close()
    delivered = Uploader(spool, _request(run), connect, "store").conclude(None, 0.0)
    with sqlite3.connect(home / "mlflow.db") as opened_database:
        query = "SELECT COUNT(*), COUNT(DISTINCT key || step) FROM metrics WHERE run_uuid = ?"
        assert list(opened_database.execute(query, [delivered.run_id])) == [(20_000, 20_000)]


def test_no_run_ends_before_its_start(run: Run, client: Any, deliver: Deliver) -> None:
    """Its clock was set back while it ran."""
    sent = deliver(run, [], Ending(Status.FINISHED, 0), time=5)
    assert sent.whole
    info = client.get_run(sent.run_id).info
    assert info.end_time == info.start_time == int(run.started * 1000)


def test_the_data_of_a_run_is_a_dataset_of_mlflow(run: Run, client: Any, deliver: Deliver, home: Path) -> None:
    """The same data is one data set for all runs, and is logged once for each, however often a run is uploaded."""
    digest = "0123456789abcdef" * 4
    run = replace(run, inputs={"data/a b.csv": digest})
    sent = deliver(run, [], Ending(Status.FINISHED, 0))
    assert sent.whole, sent.problems
    assert deliver(run, [], Ending(Status.FINISHED, 0)).whole
    (found,) = client.get_run(sent.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("data/a b.csv", digest[:36])
    assert json.loads(found.dataset.source) == {"uri": "data/a b.csv", "sha256": digest}
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "training")]
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        query = "SELECT COUNT(*) FROM datasets WHERE name = 'data/a b.csv' AND digest = ?"
        assert database.execute(query, [digest[:36]]).fetchone() == (1,), "one for both ways of writing, and all runs"
