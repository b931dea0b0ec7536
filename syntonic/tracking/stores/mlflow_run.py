"""One run in any MLflow store, by MLflow's own client. The only file that imports mlflow, never where a run trains."""

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syntonic.tracking.base import Past, Status
from syntonic.tracking.journal import Point
from syntonic.tracking.machine import SYSTEM
from syntonic.tracking.metric_names import plain
from syntonic.tracking.spool import Request
from syntonic.tracking.stores import address, sqlite
from syntonic.tracking.stores.remote import CONTEXT, Model, digest_of, in_the_bin, source_of, tag_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

_REGISTERED: Final = re.compile(r"[\w-]{1,200}(@[A-Za-z][\w-]{0,100})?", re.ASCII)
_VERSIONS: Final = "mlflow.modelVersions"  # a tag that a model's page reads
_PARAMS: Final = 100  # parameters or tags of one request; more are refused by MLflow


class MlflowRun:
    """One run in any MLflow store, through MLflow's client; found again if it is there already, created otherwise.

    Args:
        uri: tracking URI.
        request: what is recorded.
        stored_as: the id by which an earlier upload left it, None if none did.
        artifacts: the folder for artifacts of a new experiment; None: the store's own choice.

    Raises:
        ValueError: if the run or its experiment was deleted.
    """

    def __init__(self, uri: str, request: Request, stored_as: str | None, artifacts: str | None) -> None:
        self._uri = address.opened_with(uri)
        self._client = client(uri)
        found = self._client.get_experiment_by_name(request.experiment)
        location = Path(artifacts).resolve().as_uri() if artifacts else None
        kind = sqlite.EXPERIMENT_TAGS
        self._experiment = (
            found.experiment_id if found else self._client.create_experiment(request.experiment, location, dict(kind))
        )
        self._own_id = request.run
        if found and found.lifecycle_stage != "active":
            raise ValueError(sqlite.deleted_experiment(request.experiment))
        there = self._there(stored_as) or self._find(request.run)
        self.id = there or self._create(request)
        if there:
            self._client.update_run(self.id, status=Status.RUNNING.value)
            if (killed := tag_name("killed")) in self._client.get_run(self.id).data.tags:  # no longer true
                self._client.delete_tag(self.id, killed)

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

    def log_inputs(self, inputs: Mapping[str, str]) -> None:
        """Stores which data sets the run reads; MLflow passes over those that it has."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        found = [Dataset(name[:500], digest_of(sum_), "local", source_of(name, sum_)) for name, sum_ in inputs.items()]
        self._client.log_inputs(self.id, [DatasetInput(data, [InputTag(*CONTEXT)]) for data in found])

    def last_step(self, *, system: bool = False) -> int:
        """Returns the newest step of which a metric is stored, 0 for none; `system`: of the machine's metrics."""
        keys = [key for key in self._client.get_run(self.id).data.metrics if key.startswith(SYSTEM) is system]
        history = self._client.get_metric_history(self.id, min(keys)) if keys else []
        return max((metric.step for metric in history), default=0)

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points in one request."""
        from mlflow.entities import Metric

        batch = [Metric(key, value, p.time, p.step) for p in points for key, value in p.metrics.items()]
        self._client.log_batch(self.id, metrics=batch)

    def log_results(self, results: Mapping[str, float], step: int, time: int) -> None:
        """Stores the final metrics that are not there with these values; a resumed sweep comes to others."""
        stored = self._client.get_run(self.id).data.metrics
        there = {key: sqlite.number(value) for key, value in stored.items()}
        new = {key: value for key, value in results.items() if sqlite.number(value) != there.get(key)}
        self.log_points([Point(step, time, new)])

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
        """Stores a model: its files first, so that one that is READY is whole; of that, the metrics that are new."""
        from mlflow.entities import LoggedModelOutput, Metric

        tags = {"syntonic.run": self._own_id, "syntonic.checkpoint": model.key}
        found = [each for each in self._stored() if each.tags["syntonic.checkpoint"] == model.key]
        whole = next((each for each in found if each.status == "READY"), None)
        for each in found:
            if each.status != "READY":  # of an upload that was interrupted
                self._client.delete_logged_model(each.model_id)
        made = whole or self._client.create_logged_model(
            self._experiment, model.name, self.id, tags, dict(model.params), "syntonic"
        )
        for path in model.files if whole is None else ():
            self._client.log_model_artifact(made.model_id, str(path))
        there = {metric.key for metric in (whole.metrics or ())} if whole is not None else set()
        metrics = [
            Metric(key, value, model.time, model.step, model_id=made.model_id)
            for key, value in model.metrics.items()
            if key not in there
        ]
        self._client.log_batch(self.id, metrics=metrics)
        if whole is None:
            self._client.log_outputs(self.id, [LoggedModelOutput(made.model_id, model.step)])
            self._client.finalize_logged_model(made.model_id, "READY")

    def drop_model(self, key: str) -> None:
        """Removes a model; its files too, which MLflow would leave."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        for model in self._stored():
            if model.tags["syntonic.checkpoint"] == key:
                self._client.delete_logged_model(model.model_id)  # first: none is to be listed without its files
                with contextlib.suppress(NotImplementedError):  # not every artifact store can remove
                    place = get_artifact_repository(model.artifact_location, self._uri, self._uri)
                    place.delete_artifacts()  # type: ignore[no-untyped-call]

    def close(self, status: Status, time: int) -> None:
        """Ends the MLflow run with its true status, not before its start: a clock may have been set back meanwhile."""
        began = self._client.get_run(self.id).info.start_time or 0
        self._client.set_terminated(self.id, status.value, max(time, began))

    def release(self) -> None:
        """Has nothing to let go of: the client keeps what it has opened for the whole process."""

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

    def _there(self, stored_as: str | None) -> str | None:
        from mlflow.exceptions import MlflowException

        if stored_as is None:
            return None
        try:
            stage = self._client.get_run(stored_as).info.lifecycle_stage
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":  # removed for good, or the store is a new one
                return None
            raise
        if stage != "active":
            raise ValueError(in_the_bin(stored_as))
        return stored_as

    def _find(self, run: str) -> str | None:
        # A kill can fall between the creation of the MLflow run and the moment its id is written down.
        runs = self._client.search_runs([self._experiment], f"tags.`syntonic.run` = '{run}'", max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def _create(self, request: Request) -> str:
        tags = {
            "syntonic.run": request.run,
            "mlflow.user": sqlite.user(),
            "mlflow.source.name": "syntonic-run",
            "mlflow.source.type": "LOCAL",
        }
        if request.parent:
            tags["mlflow.parentRunId"] = request.parent
        started = int(request.started * 1000)
        return str(self._client.create_run(self._experiment, started, tags, request.title).info.run_id)


def client(uri: str) -> "MlflowClient":
    """Returns MLflow's client of a store."""
    # Training is nobody else's business, and MLflow's news of its own start would tear the progress bar. A server that
    # is away is asked again by the uploader, which has other things to do meanwhile.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    from mlflow import MlflowClient

    whole = address.opened_with(uri)
    return MlflowClient(tracking_uri=whole, registry_uri=whole)


def finished(uri: str, experiment: str) -> list[Past]:
    """Returns the finished runs of an experiment."""
    store = client(uri)
    past: list[Past] = []
    page: str | None = None
    found = store.get_experiment_by_name(experiment)
    while found is not None:
        runs = store.search_runs([found.experiment_id], "attributes.status = 'FINISHED'", page_token=page)
        for run in runs:
            digest, core = (run.data.tags.get(f"syntonic.{key}", "") for key in ("config_hash", "core_sha256"))
            results = {plain(key): value for key, value in run.data.metrics.items() if not key.startswith(SYSTEM)}
            past.append(Past(run.info.run_id, digest, core, results))
        page = runs.token
        if not page:
            break
    return past


def registered_name(wanted: str) -> str:
    """Returns `wanted` if it is the name of a registered model, with or without an alias.

    Raises:
        ValueError: if it is none.
    """
    if not _REGISTERED.fullmatch(wanted):
        raise ValueError(
            f"register_as is {wanted[:60]!r}; it must be `name` or `name@alias` of letters, digits, - and _"
        )
    return wanted


def register(uri: str, run_id: str, wanted: str) -> None:
    """Makes the model of a run a version of a registered model, once; `wanted` is `name` or `name@alias`."""
    from mlflow.exceptions import MlflowException

    name, _, alias = registered_name(wanted).partition("@")
    store = client(uri)
    owner = store.get_run(run_id).info.experiment_id
    models = store.search_logged_models([owner], f"source_run_id = '{run_id}' AND tags.`syntonic.checkpoint` = 'model'")
    if not models:
        raise ValueError(f"run {run_id} keeps no model that could be registered as {name!r}")
    with contextlib.suppress(MlflowException):  # it is there already
        store.create_registered_model(name)
    there = [found for found in store.search_model_versions(f"name = '{name}'") if found.run_id == run_id]
    source = models[0].artifact_location
    version = there[0] if there else store.create_model_version(name, source, run_id, model_id=models[0].model_id)
    if not there and _VERSIONS not in store.get_logged_model(models[0].model_id).tags:  # a server writes it by itself
        made = json.dumps([{"name": name, "version": str(version.version)}])
        store.set_logged_model_tags(models[0].model_id, {_VERSIONS: made})
    if alias:
        store.set_registered_model_alias(name, alias, str(version.version))
