"""MLflow: one MLflow run per run. The only file that imports mlflow, and never in the process that trains.

The default store is a SQLite database in the root of all runs. Its tables are MLflow's own work, made once on a machine
and copied from then on; it is created under a file lock, because processes that create it together destroy it, and in
WAL mode, which makes parallel writers several times faster.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from syntonic.core.registry import register
from syntonic.tracking import database
from syntonic.tracking.base import Ending, Past, Receipt, Record, Run, Status
from syntonic.tracking.courier import Courier
from syntonic.tracking.database_run import DatabaseRun
from syntonic.tracking.journal import Point
from syntonic.tracking.outbox import Outbox, Request
from syntonic.tracking.remote import Model, Remote, tag_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

_PARAMS: Final = 100  # parameters or tags of one request; more are refused by MLflow
_SQLITE: Final = "sqlite:///"


@register("tracking", "mlflow")
class MlflowTracker:
    """Records a run in MLflow, through a process of its own.

    Args:
        uri: tracking URI; null: a SQLite database in the root of all runs.
        experiment: the MLflow experiment that the run belongs to; created if it is not there.
    """

    _courier: Courier

    def __init__(self, *, uri: str | None = None, experiment: str = "syntonic") -> None:
        self._uri = uri
        self._experiment = experiment

    def start(self, run: Run) -> None:
        """Opens the journal and starts the process."""
        uri = self._uri or local_uri(run.home)
        self._courier = Courier(run, self._uri, self._experiment, uri, served=uri.startswith("sqlite:"))

    def log(self, record: Record) -> None:
        """Writes one generation down."""
        self._courier.log(record)

    def flush(self) -> None:
        """Writes the journal to the disk."""
        self._courier.flush()

    def finish(self, ending: Ending) -> Receipt:
        """Says how the run ended and waits until the store has everything."""
        return self._courier.finish(ending)

    def finished(self, home: Path) -> Sequence[Past]:
        """Asks the store for its finished runs; a local one that is not there yet is not created for that."""
        return finished(self._uri or local_uri(home), self._experiment)


def finished(uri: str, experiment: str) -> list[Past]:
    """Returns the finished runs of an experiment in a store; of a local one that is not there yet, none."""
    if uri.startswith(_SQLITE):
        path = Path(unquote(uri.removeprefix(_SQLITE)))
        if not path.exists():
            return []
        if database.known(path):
            return database.finished(path, experiment)
    client, past, page = _client(uri), [], None
    found = client.get_experiment_by_name(experiment)
    while found is not None:
        runs = client.search_runs([found.experiment_id], "attributes.status = 'FINISHED'", page_token=page)
        for run in runs:
            digest, core = (run.data.tags.get(f"syntonic.{key}", "") for key in ("config_hash", "core_sha256"))
            past.append(Past(run.info.run_id, digest, core, run.data.metrics))
        page = runs.token
        if not page:
            break
    return past


def local_uri(home: Path) -> str:
    """Returns the address of the default store."""
    return f"{_SQLITE}{(home / 'mlflow.db').resolve()}"


def connect(outbox: Outbox, request: Request) -> Remote:
    """Opens the record of a run in its store, which is created if it is the default one and not there yet."""
    uri = request.uri or local_uri(outbox.home)
    filed = outbox.read_filed()
    earlier = filed.run_id if filed and filed.store == uri else None
    if uri.startswith(_SQLITE):
        path = Path(unquote(uri.removeprefix(_SQLITE)))
        with _alone(path):
            _create(path)
        if database.known(path):
            return DatabaseRun(path, path.parent / "artifacts", request, earlier)
    return MlflowRun(uri, request, earlier, f"{outbox.home}/artifacts" if request.uri is None else None)


class MlflowRun:
    """One run in any MLflow store, through MLflow's client; found again if it is there already, created otherwise.

    Args:
        uri: tracking URI.
        request: what is recorded.
        filed: the id under which an earlier delivery filed it, None if none did.
        artifacts: the folder for artifacts of a new experiment; None: the store's own choice.
    """

    def __init__(self, uri: str, request: Request, filed: str | None, artifacts: str | None) -> None:
        self._client = _client(uri)
        found = self._client.get_experiment_by_name(request.experiment)
        location = Path(artifacts).resolve().as_uri() if artifacts else None
        kind = database.EXPERIMENT_TAGS
        self._experiment = (
            found.experiment_id if found else self._client.create_experiment(request.experiment, location, dict(kind))
        )
        self._own_id = request.run
        there = filed or self._find(request.run)
        self.id = there or self._create(request)
        if there:
            self._client.update_run(self.id, status=Status.RUNNING.value)

    def describe(self, params: Mapping[str, str], tags: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Stores where the run comes from; parameters that are there already stay as they are."""
        from mlflow.entities import Param

        there = self._client.get_run(self.id).data.params
        new = [Param(key, value) for key, value in params.items() if key not in there]
        for start in range(0, len(new), _PARAMS):
            self._client.log_batch(self.id, params=new[start : start + _PARAMS])
        self.tag(tags)
        for name, text in texts.items():
            self.log_text(name, text)

    def last_step(self) -> int:
        """Returns the newest step of which a metric is stored, 0 if there is none."""
        keys = list(self._client.get_run(self.id).data.metrics)
        history = self._client.get_metric_history(self.id, min(keys)) if keys else []
        return max((metric.step for metric in history), default=0)

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points in one request."""
        from mlflow.entities import Metric

        batch = [Metric(key, value, p.time, p.step) for p in points for key, value in p.metrics.items()]
        self._client.log_batch(self.id, metrics=batch)

    def log_results(self, results: Mapping[str, float], step: int, time: int) -> None:
        """Stores the final metrics that are not stored yet."""
        there = self._client.get_run(self.id).data.metrics
        self.log_points([Point(step, time, {key: value for key, value in results.items() if key not in there})])

    def log_text(self, name: str, text: str) -> None:
        """Stores a text as an artifact."""
        self._client.log_text(self.id, text, name)

    def log_file(self, name: str, path: Path) -> None:
        """Stores a file as an artifact; the client keeps a file's name."""
        self._client.log_artifact(self.id, str(path), str(Path(name).parent))

    def tag(self, tags: Mapping[str, str]) -> None:
        """Stores short facts in the place of earlier ones."""
        from mlflow.entities import RunTag

        rows = [RunTag(tag_name(key), value[:8000]) for key, value in tags.items()]
        for start in range(0, len(rows), _PARAMS):
            self._client.log_batch(self.id, tags=rows[start : start + _PARAMS])

    def models(self) -> set[str]:
        """Returns the keys of the run's models that are stored whole."""
        return {model.tags["syntonic.checkpoint"] for model in self._stored() if model.status == "READY"}

    def add_model(self, model: Model) -> None:
        """Stores a model: its files first, so that one that is READY is whole."""
        from mlflow.entities import LoggedModelOutput, Metric

        tags = {"syntonic.run": self._own_id, "syntonic.checkpoint": model.key}
        made = self._client.create_logged_model(
            self._experiment, model.name, self.id, tags, dict(model.params), "syntonic"
        )
        for path in model.files:
            self._client.log_model_artifact(made.model_id, str(path))
        metrics = [
            Metric(key, value, model.time, model.step, model_id=made.model_id) for key, value in model.metrics.items()
        ]
        self._client.log_batch(self.id, metrics=metrics)
        self._client.log_outputs(self.id, [LoggedModelOutput(made.model_id, model.step)])
        self._client.finalize_logged_model(made.model_id, "READY")

    def drop_model(self, key: str) -> None:
        """Removes a model; its files too, which MLflow would leave."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        for model in self._stored():
            if model.tags["syntonic.checkpoint"] == key:
                with contextlib.suppress(NotImplementedError):  # not every artifact store can remove
                    get_artifact_repository(model.artifact_location).delete_artifacts()  # type: ignore[no-untyped-call]
                self._client.delete_logged_model(model.model_id)

    def close(self, status: Status, time: int) -> None:
        """Ends the MLflow run with its true status."""
        self._client.set_terminated(self.id, status.value, time)

    def _stored(self) -> "list[LoggedModel]":
        found: list[LoggedModel] = []
        token: str | None = None
        while True:
            page = self._client.search_logged_models(
                [self._experiment], f"source_run_id = '{self.id}'", page_token=token
            )
            found += [model for model in page if "syntonic.checkpoint" in model.tags]
            token = page.token
            if not token:
                return found

    def _find(self, run: str) -> str | None:
        # A kill can fall between the creation of the MLflow run and the moment its id is written down.
        runs = self._client.search_runs([self._experiment], f"tags.`syntonic.run` = '{run}'", max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def _create(self, request: Request) -> str:
        tags = {
            "syntonic.run": request.run,
            "mlflow.user": database.user(),
            "mlflow.source.name": "syntonic-run",
            "mlflow.source.type": "LOCAL",
        }
        if request.parent:
            tags["mlflow.parentRunId"] = request.parent
        started = int(request.started * 1000)
        return str(self._client.create_run(self._experiment, started, tags, request.title).info.run_id)


def _client(uri: str) -> "MlflowClient":
    # Training is nobody else's business, and MLflow's news of its own start would tear the progress bar. A server that
    # is away is asked again by the delivery, which has other things to do meanwhile.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _create(path: Path) -> None:
    # MLflow needs seconds to make its tables, by the whole history of their changes; a copy of the result needs none.
    if path.is_file() and path.stat().st_size:
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syntonic"
    template = cache / f"mlflow-{metadata.version('mlflow')}.db"
    if database.known(template):
        shutil.copyfile(template, path)
        _write_ahead(path)
        return
    _client(f"{_SQLITE}{path.resolve()}").search_experiments(max_results=1)
    _write_ahead(path)
    with contextlib.suppress(OSError, sqlite3.Error):  # without a cache the next folder takes as long as this one
        cache.mkdir(parents=True, exist_ok=True)
        hidden = cache / f".{template.name}-{os.getpid()}"
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(hidden)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        hidden.replace(template)


def _write_ahead(path: Path) -> None:
    # The mode is kept in the file, so it needs saying once; MLflow never says it.
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as opened:
        opened.execute("PRAGMA journal_mode=WAL")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
