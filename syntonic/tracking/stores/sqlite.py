"""A local MLflow database, opened with nothing but SQLite: thousands of points in one transaction, no client to import.

MLflow's client takes seconds to import and about 0.1 ms per point; the rows themselves take a few microseconds. So rows
are written directly where, and only where, every table that is written to has exactly the columns that are known here.
Any other store, and any other version of the tables, is left to MLflow's own client.
"""

import contextlib
import getpass
import math
import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlparse

from syntonic.tracking.base import Past
from syntonic.tracking.machine import SYSTEM
from syntonic.tracking.metric_names import plain

# The tables that are written to, as MLflow 3.17 has them.
_COLUMNS: Final = {
    "experiments": "experiment_id name artifact_location lifecycle_stage creation_time last_update_time workspace",
    "experiment_tags": "key value experiment_id",
    "runs": "run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version "
    "lifecycle_stage artifact_uri experiment_id deleted_time",
    "tags": "key value run_uuid",
    "params": "key value run_uuid",
    "metrics": "key value timestamp run_uuid step is_nan",
    "latest_metrics": "key value timestamp step is_nan run_uuid",
    "logged_models": "model_id experiment_id name artifact_location creation_timestamp_ms last_updated_timestamp_ms "
    "status lifecycle_stage model_type source_run_id status_message",
    "logged_model_metrics": "model_id metric_name metric_timestamp_ms metric_step metric_value experiment_id run_id "
    "dataset_uuid dataset_name dataset_digest",
    "logged_model_params": "model_id experiment_id param_key param_value",
    "logged_model_tags": "model_id experiment_id tag_key tag_value",
    "datasets": "dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema "
    "dataset_profile",
    "input_tags": "input_uuid name value",
    "inputs": "input_uuid source_type source_id destination_type destination_id step",
}
_DAMAGED: Final = ("malformed", "not a database")
_BUSY: Final = 20.0  # seconds to wait for another writer, as MLflow has it
# Without its kind the dashboard opens an experiment with the pages for language models.
EXPERIMENT_TAGS: Final = {"mlflow.experimentKind": "custom_model_development"}


def known(path: Path) -> bool:
    """Returns whether the database is there and has the tables that this file knows.

    Raises:
        ValueError: if it is damaged, with what to move.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    with _named(path), contextlib.closing(sqlite3.connect(path, timeout=_BUSY)) as database:
        found = {
            table: {row[1] for row in database.execute(f"PRAGMA table_info({table})")}  # the names are those above
            for table in _COLUMNS
        }
    return all(found[table] == set(columns.split()) for table, columns in _COLUMNS.items())


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    # SQLite says that an image is malformed, and neither which nor what to do.
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not any(said in str(error) for said in _DAMAGED):
            raise
        raise ValueError(
            f"{path} is damaged ({error}); move {path.name}* out of {path.parent} to have a new one made. The runs' "
            "folders have everything: `syntonic-run sync --to ADDRESS RUN` uploads a run once more"
        ) from error


class Database:
    """An open database.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
        with _named(path):
            self._set_up()

    def _set_up(self) -> None:
        # Safe against a kill of the process; a power cut may take the last moments, which the run's folder still has.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        # Pages that change often are brought from the log into the file once, not a hundred times: 40 MB of log.
        self._connection.execute("PRAGMA wal_autocheckpoint=10000")

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Opens a transaction: everything in it is written, or nothing."""
        with _named(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # SQLite has ended it itself if the disk is full
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Returns the rows that a query finds."""
        with _named(self._path):
            return self._connection.execute(query, values).fetchall()

    def experiment(self, name: str, artifacts: Path) -> tuple[int, Path]:
        """Returns the number of an experiment and the folder of its artifacts; creates it if it is not there.

        Raises:
            ValueError: if it was deleted, or keeps its artifacts elsewhere than in a folder.
        """
        with self.change() as change:
            query = "SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments WHERE name = ?"
            found = change.execute(query, [name]).fetchone()
            if found is None:
                now = milliseconds()
                location = artifacts.resolve().as_uri()
                values = [name, location, now, now]
                insert = "INSERT INTO experiments (name, artifact_location, creation_time, last_update_time, "
                cursor = change.execute(f"{insert}lifecycle_stage) VALUES (?, ?, ?, ?, 'active')", values)
                found = (cursor.lastrowid, location, "active")
                tags = [(key, value, found[0]) for key, value in EXPERIMENT_TAGS.items()]
                change.executemany("INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)", tags)
        number, location, stage = found
        if stage != "active":
            raise ValueError(deleted_experiment(name))
        return int(number), folder_of(location)

    def create_run(self, experiment: int, artifacts: Path, title: str, started: int, tags: dict[str, str]) -> str:
        """Creates a run, RUNNING since `started` (milliseconds since 1970), and returns its id."""
        run = uuid.uuid4().hex
        location = (artifacts / run / "artifacts").resolve().as_uri()
        with self.change() as change:
            change.execute(
                "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, "
                "start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
                "VALUES (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
                [run, title[:250], user(), started, location, experiment],
            )
            rows = [(key[:250], value[:8000], run) for key, value in tags.items()]
            change.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", rows)
        return run


def finished(path: Path, experiment: str) -> list[Past]:
    """Returns the finished runs of an experiment."""
    one = Database(path)
    wanted = (
        "FROM runs r JOIN experiments e USING (experiment_id) {} "
        "WHERE e.name = ? AND r.status = 'FINISHED' AND r.lifecycle_stage = 'active'"
    )
    tags: dict[str, dict[str, str]] = {}
    for run, key, value in one.rows(
        f"SELECT r.run_uuid, t.key, t.value {wanted.format('JOIN tags t USING (run_uuid)')} AND t.key IN "
        "('syntonic.config_hash', 'syntonic.core_sha256')",
        experiment,
    ):
        tags.setdefault(run, {})[key] = value
    results: dict[str, dict[str, float]] = {}
    query = f"SELECT r.run_uuid, m.key, m.value, m.is_nan {wanted.format('JOIN latest_metrics m USING (run_uuid)')}"
    for run, key, value, none in one.rows(f"{query} AND m.key NOT LIKE '{SYSTEM}%'", experiment):
        results.setdefault(run, {})[plain(key)] = math.nan if none else value
    one.close()
    return [
        Past(run, found.get("syntonic.config_hash", ""), found.get("syntonic.core_sha256", ""), results.get(run) or {})
        for run, found in tags.items()
    ]


def deleted(path: Path) -> set[str]:
    """Returns the runs that were deleted in the dashboard and can be restored there.

    Raises:
        ValueError: if the database is damaged.
    """
    one = Database(path)
    rows = one.rows("SELECT run_uuid FROM runs WHERE lifecycle_stage <> 'active'")
    one.close()
    return {str(run) for (run,) in rows}


def folder_of(location: str) -> Path:
    """Returns the folder that an artifact location names.

    Raises:
        ValueError: if it is none.
    """
    address = urlparse(location)
    if address.scheme not in ("", "file") or address.netloc not in ("", "localhost"):
        raise ValueError(f"artifacts in {location} are no folder")
    return Path(unquote(address.path))


def deleted_experiment(name: str) -> str:
    """Returns what to say of an experiment that was deleted in the dashboard."""
    return f"experiment {name!r} was deleted; restore it, or set tracking.experiment to another name"


def number(value: float) -> tuple[float, int]:
    """Returns a metric's value as MLflow stores it, and whether it is none: NaN is marked, infinities are the largest.

    >>> number(float("nan")), number(0.5)
    ((0.0, 1), (0.5, 0))
    """
    if math.isfinite(value):
        return value, 0
    if math.isnan(value):
        return 0.0, 1
    return max(-sys.float_info.max, min(sys.float_info.max, value)), 0


def milliseconds() -> int:
    """Returns the time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def user() -> str:
    """Returns who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return str(os.getuid())
