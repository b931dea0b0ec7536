"""MLflow: one MLflow run per run. The only file that imports mlflow, and it does so when a run has begun.

The default store is a SQLite database in the root of all runs. It is created under a file lock, because processes
that create it together destroy it, and in WAL mode, which makes parallel writers several times faster.
"""

import contextlib
import fcntl
import getpass
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from syntonic.core.registry import register
from syntonic.tracking.background import Background
from syntonic.tracking.base import Ending, Past, Receipt, Record, Run, Status
from syntonic.tracking.journal import Point

_PARAMS: Final = 100  # parameters or tags of one request; more are refused by MLflow
_NOTE: Final = 8000  # characters of a tag; more are refused by MLflow
_GIT: Final = ("commit", "branch", "dirty", "repoURL")  # the names that MLflow's own pages look for


@register("tracking", "mlflow")
class MlflowTracker:
    """Records a run in MLflow, from a thread of its own.

    Args:
        uri: tracking URI; null: a SQLite database in the root of all runs.
        experiment: the MLflow experiment that the run belongs to; created if it is not there.
    """

    _background: Background

    def __init__(self, *, uri: str | None = None, experiment: str = "syntonic") -> None:
        self._uri = uri
        self._experiment = experiment

    def start(self, run: Run) -> None:
        """Opens the journal and starts the thread."""
        uri = self._uri or local_uri(run.home)
        served = uri.startswith("sqlite:")
        self._background = Background(run, lambda: MlflowRun(uri, self._experiment, run), uri, served=served)

    def log(self, record: Record) -> None:
        """Queues one generation."""
        self._background.log(record)

    def flush(self) -> None:
        """Writes the journal to the disk."""
        self._background.flush()

    def finish(self, ending: Ending) -> Receipt:
        """Sends the rest, waits for it, and closes the MLflow run."""
        return self._background.finish(ending)

    def finished(self, home: Path) -> Sequence[Past]:
        """Asks the store; a local store that is not there yet is not created for that."""
        uri = self._uri or local_uri(home)
        local = uri.startswith("sqlite:///")
        return () if local and not Path(uri.removeprefix("sqlite:///")).exists() else _finished(uri, self._experiment)


def local_uri(home: Path) -> str:
    """Returns the address of the default store."""
    return f"sqlite:///{(home / 'mlflow.db').resolve()}"


class MlflowRun:
    """One run in an MLflow store; found again if it is there already, created otherwise.

    Args:
        uri: tracking URI.
        experiment: its experiment.
        run: what is recorded.
    """

    def __init__(self, uri: str, experiment: str, run: Run) -> None:
        self._run = run
        # Training is nobody else's business, and MLflow's news of its own start would tear the progress bar.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        from mlflow import MlflowClient

        local = uri == local_uri(run.home)
        with _cold_start(run.home):
            if local:
                _write_ahead(run.home)
            self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            found = self._client.get_experiment_by_name(experiment)
            artifacts = (run.home / "artifacts").resolve().as_uri() if local else None
            # Without its kind the dashboard opens an experiment with the pages for language models.
            kind = {"mlflow.experimentKind": "custom_model_development"}
            owner = found.experiment_id if found else self._client.create_experiment(experiment, artifacts, kind)
        self.id = run.tracked_as or self._find(owner) or self._create(owner)
        run.remember(self.id)
        if run.resumed:
            self._client.update_run(self.id, status=Status.RUNNING.value)

    def describe(self) -> None:
        """Stores the parameters, the config and the provenance; parameters that are there already stay as they are."""
        from mlflow.entities import Param, RunTag

        there = self._client.get_run(self.id).data.params if self._run.resumed else {}
        params = [Param(key, value) for key, value in self._run.params.items() if key not in there]
        origin = self._run.provenance()
        tags = [RunTag(_tag(key), value) for key, value in origin.tags.items()]
        tags.append(RunTag("syntonic.folder", str(self._run.folder.resolve())))
        for start in range(0, len(params), _PARAMS):
            self._client.log_batch(self.id, params=params[start : start + _PARAMS])
        self._client.log_batch(self.id, tags=tags)
        self._client.log_dict(self.id, dict(self._run.config), "config.yaml")
        for name, text in origin.files.items():
            self.log_text(f"provenance/{name}", text)

    def last_step(self, key: str) -> int:
        """Returns the newest step stored for a metric, 0 if there is none."""
        return max((metric.step for metric in self._client.get_metric_history(self.id, key)), default=0)

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points in one transaction."""
        from mlflow.entities import Metric

        batch = [Metric(key, value, p.time, p.step) for p in points for key, value in p.metrics.items()]
        self._client.log_batch(self.id, metrics=batch)

    def log_results(self, results: Mapping[str, float], step: int) -> None:
        """Stores the final metrics that are not stored yet."""
        there = self._client.get_run(self.id).data.metrics
        for key, value in results.items():
            if key not in there:
                self._client.log_metric(self.id, key, value, step=step)

    def log_text(self, name: str, text: str) -> None:
        """Stores a text as an artifact."""
        self._client.log_text(self.id, text, name)

    def log_folder(self, name: str, folder: Path) -> None:
        """Stores the files of a folder as artifacts under `name`."""
        self._client.log_artifacts(self.id, str(folder), name)

    def log_note(self, text: str) -> None:
        """Stores the text that heads the run's page."""
        self._client.set_tag(self.id, "mlflow.note.content", text[:_NOTE])

    def close(self, status: Status) -> None:
        """Ends the MLflow run with its true status."""
        self._client.set_terminated(self.id, status.value)

    def _find(self, experiment_id: str) -> str | None:
        # A kill can fall between the creation of the MLflow run and the moment its id is remembered.
        if not self._run.resumed:
            return None
        runs = self._client.search_runs([experiment_id], f"tags.`syntonic.run` = '{self._run.id}'", max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def _create(self, experiment_id: str) -> str:
        tags = {
            "syntonic.run": self._run.id,
            "mlflow.user": _user(),
            "mlflow.source.name": "syntonic-run",
            "mlflow.source.type": "LOCAL",
            **({"mlflow.parentRunId": self._run.parent} if self._run.parent else {}),
            **{_tag(key): value for key, value in self._run.tags.items()},
        }
        created = self._client.create_run(experiment_id, tags=tags, run_name=self._run.title)
        return str(created.info.run_id)


def _finished(uri: str, experiment: str) -> list[Past]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    found = client.get_experiment_by_name(experiment)
    past: list[Past] = []
    page: str | None = None
    while found is not None:
        runs = client.search_runs([found.experiment_id], "attributes.status = 'FINISHED'", page_token=page)
        for run in runs:
            digest, core = (run.data.tags.get(f"syntonic.{key}", "") for key in ("config_hash", "core_sha256"))
            past.append(Past(run.info.run_id, digest, core, run.data.metrics))
        page = runs.token
        if not page:
            break
    return past


def _write_ahead(home: Path) -> None:
    # The mode is kept in the file, so it needs saying once; MLflow never says it.
    with contextlib.closing(sqlite3.connect(home / "mlflow.db", timeout=20)) as database:
        database.execute("PRAGMA journal_mode=WAL")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return str(os.getuid())


@contextlib.contextmanager
def _cold_start(home: Path) -> Iterator[None]:
    with (home / "mlflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tag(key: str) -> str:
    family, _, name = key.partition(".")
    return f"mlflow.source.git.{name}" if family == "git" and name in _GIT else f"syntonic.{key}"
