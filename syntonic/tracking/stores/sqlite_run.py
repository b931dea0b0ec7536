"""One run in a local MLflow database, row by row: what MLflow's client would write, hundreds of times faster."""

import shutil
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from syntonic.tracking.base import Status
from syntonic.tracking.journal import Point
from syntonic.tracking.machine import SYSTEM
from syntonic.tracking.spool import Request
from syntonic.tracking.stores import relocate
from syntonic.tracking.stores.remote import CONTEXT, Model, digest_of, in_the_bin, source_of, tag_name
from syntonic.tracking.stores.sqlite import Database, folder_of, milliseconds, number, user

_READY = 2  # MLflow's number for a model that is stored whole
_ROWS = 1000  # of a transaction: four milliseconds; a quarter of it writes most pages of the indexes four times


class SqliteRun:
    """A run's record; found again if it is there already, created otherwise.

    Args:
        path: of the database.
        artifacts: the folder for artifacts of a new experiment.
        request: what is recorded.
        stored_as: the id by which an earlier upload left it, None if none did.
        ours: whether the database is that of the root of all runs, whose artifacts lie beside it.

    Raises:
        ValueError: if the run or its experiment was deleted.
    """

    def __init__(
        self, path: Path, artifacts: Path, request: Request, stored_as: str | None, *, ours: bool = True
    ) -> None:
        self._database = Database(path)
        self._experiment, location = self._database.experiment(request.experiment, artifacts)
        location = relocate.relocate(self._database, location, artifacts) if ours else location
        found = self._there(stored_as) or self._with_tag(request.run)
        self.id = found or self._create(request, location)
        ((uri,),) = self._database.rows("SELECT artifact_uri FROM runs WHERE run_uuid = ?", self.id)
        self._artifacts = relocate.inside(str(uri), location) if ours else folder_of(str(uri))
        self._models = location / "models"
        if found:
            with self._database.change() as change:
                change.execute("UPDATE runs SET status = 'RUNNING' WHERE run_uuid = ?", [self.id])
                change.execute("DELETE FROM tags WHERE run_uuid = ? AND key = ?", [self.id, tag_name("killed")])

    def describe(self, params: Mapping[str, str], tags: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Stores where the run comes from; parameters that are there already stay as they are."""
        rows = [(key[:250], value[:6000], self.id) for key, value in params.items()]
        with self._database.change() as change:
            change.executemany("INSERT OR IGNORE INTO params (key, value, run_uuid) VALUES (?, ?, ?)", rows)
            self._tag(change, tags)
        for name, text in texts.items():
            self.log_text(name, text)

    def log_inputs(self, inputs: Mapping[str, str]) -> None:
        """Stores which data sets the run reads; one that is there already is known by its name and digest."""
        with self._database.change() as change:
            for name, whole in inputs.items():
                key = [self._experiment, name[:500], digest_of(whole)]
                change.execute(
                    "INSERT OR IGNORE INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, "
                    "dataset_source) VALUES (?, ?, ?, ?, 'local', ?)",
                    [uuid.uuid4().hex, *key, source_of(name, whole)],
                )
                query = "SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?"
                ((data,),) = change.execute(query, key).fetchall()
                link = uuid.uuid4().hex
                made = change.execute(
                    "INSERT OR IGNORE INTO inputs (input_uuid, source_type, source_id, destination_type, "
                    "destination_id) VALUES (?, 'DATASET', ?, 'RUN', ?)",
                    [link, data, self.id],
                )
                if made.rowcount == 1:
                    change.execute(
                        "INSERT INTO input_tags (input_uuid, name, value) VALUES (?, ?, ?)", [link, *CONTEXT]
                    )

    def last_step(self, *, system: bool = False) -> int:
        """Returns the newest step of which a metric is stored, 0 for none; `system`: of the machine's metrics."""
        query = "SELECT MAX(step) FROM latest_metrics WHERE run_uuid = ? AND (key LIKE ?) = ?"
        ((step,),) = self._database.rows(query, self.id, f"{SYSTEM}%", system)
        return int(step or 0)

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points, few in a transaction: while one is open no other process writes, however slow this one is."""
        few = max(1, _ROWS // max(1, len(points[0].metrics))) if points else 1
        for start in range(0, len(points), few):
            self._log_few(points[start : start + few])

    def log_results(self, results: Mapping[str, float], step: int, time: int) -> None:
        """Stores the final metrics that are not there with these values; a resumed sweep comes to others."""
        query = "SELECT key, value, is_nan FROM latest_metrics WHERE run_uuid = ?"
        there = {key: (value, int(is_nan)) for key, value, is_nan in self._database.rows(query, self.id)}
        new = {key: value for key, value in results.items() if number(value) != there.get(key)}
        self.log_points([Point(step, time, new)])

    def log_text(self, name: str, text: str) -> None:
        """Stores a text as an artifact."""
        self._place(name).write_text(text, encoding="utf-8", errors="replace")  # a folder's name may be none in UTF-8

    def log_file(self, name: str, path: Path) -> None:
        """Stores a file as an artifact."""
        shutil.copyfile(path, self._place(name))

    def tag(self, tags: Mapping[str, str]) -> None:
        """Stores short facts in the place of earlier ones."""
        with self._database.change() as change:
            self._tag(change, tags)

    def models(self) -> set[str]:
        """Returns the keys of the run's models that are stored whole."""
        return {str(row[0]) for row in self._stored_models()}

    def add_model(self, model: Model) -> None:
        """Copies the files, then makes the model known, in the place of one with its key."""
        self.drop_model(model.key)
        name = f"m-{uuid.uuid4().hex}"
        folder = self._models / name / "artifacts"
        folder.mkdir(parents=True)
        for path in model.files:
            shutil.copyfile(path, folder / path.name)
        now, owner = milliseconds(), self._experiment
        tags = {"syntonic.run": self._own_id(), "syntonic.checkpoint": model.key}
        metrics = [
            (name, key, model.time, model.step, number(value)[0], owner, self.id)
            for key, value in model.metrics.items()
            if not number(value)[1]
        ]
        with self._database.change() as change:
            change.execute(
                "INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, "
                "last_updated_timestamp_ms, status, lifecycle_stage, model_type, source_run_id) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'active', 'syntonic', ?)",
                [name, owner, model.name, folder.resolve().as_uri(), now, now, _READY, self.id],
            )
            for table, pairs in (("param", model.params), ("tag", tags)):
                change.executemany(
                    f"INSERT INTO logged_model_{table}s (model_id, experiment_id, {table}_key, {table}_value) "
                    "VALUES (?, ?, ?, ?)",
                    [(name, owner, key, value) for key, value in pairs.items()],
                )
            change.executemany(
                "INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, "
                "metric_value, experiment_id, run_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                metrics,
            )
            change.execute(
                "INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) "
                "VALUES (?, 'RUN_OUTPUT', ?, 'MODEL_OUTPUT', ?, ?)",
                [uuid.uuid4().hex, self.id, name, model.step],
            )

    def drop_model(self, key: str) -> None:
        """Makes a model unknown, then removes its files."""
        for _, name, uri in [row for row in self._stored_models() if row[0] == key]:
            with self._database.change() as change:
                change.execute("DELETE FROM inputs WHERE destination_id = ?", [name])
                change.execute("DELETE FROM logged_models WHERE model_id = ?", [name])
            folder = folder_of(str(uri))
            if self._models.resolve() in folder.resolve().parents:
                shutil.rmtree(folder.parent, ignore_errors=True)

    def close(self, status: Status, time: int) -> None:
        """Ends the run with its true status, not before its start: a clock may have been set back meanwhile."""
        query = "UPDATE runs SET status = ?, end_time = MAX(?, COALESCE(start_time, 0)) WHERE run_uuid = ?"
        with self._database.change() as change:
            change.execute(query, [status.value, time, self.id])

    def release(self) -> None:
        """Closes the database."""
        self._database.close()

    def _log_few(self, points: Sequence[Point]) -> None:
        newest: dict[str, tuple[Any, ...]] = {}
        rows: list[tuple[Any, ...]] = []
        for point in points:
            step, moment = point.step, point.time
            made = [(key, *number(value), moment, step, self.id) for key, value in point.metrics.items()]
            newest.update(zip(point.metrics, made, strict=True))
            rows += made
        with self._database.change() as change:
            change.executemany(
                "INSERT OR IGNORE INTO metrics (key, value, is_nan, timestamp, step, run_uuid) VALUES (?,?,?,?,?,?)",
                rows,
            )
            change.executemany(
                "INSERT INTO latest_metrics (key, value, is_nan, timestamp, step, run_uuid) VALUES (?,?,?,?,?,?) "
                "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan, "
                "timestamp = excluded.timestamp, step = excluded.step WHERE excluded.step >= latest_metrics.step",
                list(newest.values()),
            )

    def _place(self, name: str) -> Path:
        path = self._artifacts / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _there(self, stored_as: str | None) -> str | None:
        found = self._database.rows("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", stored_as)
        if found and found[0][0] != "active":
            raise ValueError(in_the_bin(str(stored_as)))
        return stored_as if found else None

    def _with_tag(self, run: str) -> str | None:
        # A kill can fall between the creation of a run and the moment its id is written down.
        query = (
            "SELECT t.run_uuid FROM tags t JOIN runs r ON r.run_uuid = t.run_uuid "
            "WHERE t.key = 'syntonic.run' AND t.value = ? AND r.experiment_id = ? AND r.lifecycle_stage = 'active'"
        )
        found = self._database.rows(query, run, self._experiment)
        return str(found[0][0]) if found else None

    def _create(self, request: Request, artifacts: Path) -> str:
        tags = {
            "syntonic.run": request.run,
            "mlflow.runName": request.title[:250],
            "mlflow.user": user(),
            "mlflow.source.name": "syntonic-run",
            "mlflow.source.type": "LOCAL",
        }
        if request.parent:
            tags["mlflow.parentRunId"] = request.parent
        return self._database.create_run(self._experiment, artifacts, request.title, int(request.started * 1000), tags)

    def _own_id(self) -> str:
        query = "SELECT value FROM tags WHERE key = 'syntonic.run' AND run_uuid = ?"
        ((own,),) = self._database.rows(query, self.id)
        return str(own)

    def _stored_models(self) -> list[tuple[Any, ...]]:
        query = (
            "SELECT t.tag_value, m.model_id, m.artifact_location FROM logged_models m "
            "JOIN logged_model_tags t ON t.model_id = m.model_id AND t.tag_key = 'syntonic.checkpoint' "
            "WHERE m.source_run_id = ? AND m.lifecycle_stage = 'active'"
        )
        return self._database.rows(query, self.id)

    def _tag(self, change: sqlite3.Connection, tags: Mapping[str, str]) -> None:
        rows = [(tag_name(key)[:250], value[:8000], self.id) for key, value in tags.items()]
        change.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) "
            "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
            rows,
        )
