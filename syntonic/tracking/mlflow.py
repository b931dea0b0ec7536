"""MLflow: one MLflow run per run, recorded by a process of its own.

The default store is a SQLite database in the root of all runs. Its tables are MLflow's own work, made once on a machine
and copied from then on; it is created under a file lock, because processes that create it together destroy it, and in
WAL mode, which makes parallel writers several times faster.
"""

import contextlib
import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.tracking import database, links, mlflow_run, writer_process
from syntonic.tracking.base import Ending, Past, Receipt, Record, Run
from syntonic.tracking.courier import Courier, request
from syntonic.tracking.database_run import DatabaseRun
from syntonic.tracking.outbox import Outbox, Request
from syntonic.tracking.remote import Remote
from syntonic.tracking.writer_process import WriterProcess

_SQLITE: Final = "sqlite:///"
_ADDRESS: Final = re.compile(r"(https?|sqlite|(postgresql|mysql|mssql)(\+\w+)?)://\S|databricks(-uc)?(://|$)")
_TAG: Final = re.compile(r"[\w .:/-]{1,200}", re.ASCII)


@register("tracking", "mlflow")
class MlflowTracker:
    """Records a run in MLflow, through a process of its own.

    Args:
        uri: tracking URI; null: a SQLite database in the root of all runs.
        experiment: the MLflow experiment that the run belongs to; created if it is not there.
        register_as: `name` or `name@alias`: the model of a finished run becomes a version of this registered model, and
            gets the alias; null: it is not registered.
        tags: words of your own to find the run by, as `tags={team: vision}`.
        note: what a reader of the run's page sees first, in Markdown.
        system_seconds: between two looks at processors, memory and GPUs, one of them at the end; null: nobody looks.

    Raises:
        ValueError: if `uri`, `register_as` or the name of a tag is of another form.
    """

    _courier: Courier
    _writer: WriterProcess | None = None

    def __init__(
        self,
        *,
        uri: str | None = None,
        experiment: str = "syntonic",
        register_as: str | None = None,
        tags: dict[str, str] | None = None,
        note: str | None = None,
        system_seconds: Annotated[float, Ge(1)] | None = 10.0,
    ) -> None:
        self._uri = None if uri is None else address(uri)
        self._tags = {f"own.{_tag(key)}": value for key, value in (tags or {}).items()}
        if note:
            self._tags["mlflow.note.content"] = note
        self._experiment = experiment
        self._system_seconds = system_seconds
        self._register = mlflow_run.registered_name(register_as) if register_as is not None else None

    def prepare(self) -> None:
        """Starts the process, which then waits for the run."""
        with contextlib.suppress(OSError):  # `start` tries again, and tells
            self._writer = writer_process.first()

    def dismiss(self) -> None:
        """Ends the process if it has got no run."""
        if self._writer is not None:
            self._writer.dismiss()
            self._writer = None

    def start(self, run: Run) -> None:
        """Opens the journal and gives the run to the process."""
        uri = self._uri or local_uri(run.home)
        run = replace(run, tags={**self._tags, **run.tags})
        asked = request(run, self._uri, self._experiment, register=self._register, watch=self._system_seconds)
        writer, self._writer = self._writer, None
        self._courier = Courier(run, asked, uri, served=uri.startswith("sqlite:"), writer=writer)

    def log(self, record: Record) -> None:
        """Writes one generation down."""
        self._courier.log(record)

    def flush(self, *, last: bool = False) -> None:
        """Writes the journal to the disk."""
        self._courier.flush(last=last)

    def finish(self, ending: Ending) -> Receipt:
        """Says how the run ended and waits until the store has everything."""
        return self._courier.finish(ending)

    def finished(self, home: Path) -> Sequence[Past]:
        """Asks the store for its finished runs; a local one that is not there yet is not created for that."""
        return finished(self._uri or local_uri(home), self._experiment)


def address(uri: str) -> str:
    """Returns `uri` if MLflow can have a store there.

    Raises:
        ValueError: if it cannot.
    """
    if not _ADDRESS.match(uri):
        raise ValueError(
            f"{uri[:100]!r} is no address of a store; it must be as http://HOST:PORT, https://HOST, sqlite:///FILE, "
            "postgresql://..., mysql://..., mssql://... or databricks"
        )
    return uri


def _tag(name: str) -> str:
    if not _TAG.fullmatch(name) or name.startswith(("mlflow.", "syntonic.")):
        raise ValueError(
            f"tag {name[:60]!r}: must be of letters, digits and - _ . : /, and not begin with mlflow. or syntonic."
        )
    return name


def finished(uri: str, experiment: str) -> list[Past]:
    """Returns the finished runs of an experiment in a store; of a local one that is not there yet, none."""
    if uri.startswith(_SQLITE):
        path = Path(unquote(uri.removeprefix(_SQLITE)))
        if not path.exists():
            return []
        if database.known(path):
            return database.finished(path, experiment)
    return mlflow_run.finished(uri, experiment)


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
            ours = path.resolve().parent == outbox.home
            return DatabaseRun(path, path.parent / "artifacts", request, earlier, ours=ours)
    return mlflow_run.MlflowRun(uri, request, earlier, f"{outbox.home}/artifacts" if request.uri is None else None)


def _create(path: Path) -> None:
    # MLflow needs seconds to make its tables, by the whole history of their changes; a copy of the result needs none.
    if path.is_file() and path.stat().st_size:
        return
    from importlib import metadata  # takes as long to import as the rest of this process, and is rarely needed

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syntonic"
    template = cache / f"mlflow-{metadata.version('mlflow')}.db"
    if database.known(template):
        shutil.copyfile(template, path)
        _write_ahead(path)
        return
    mlflow_run.client(f"{_SQLITE}{path.resolve()}").search_experiments(max_results=1)
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
    with open(path.with_suffix(".lock"), "a", opener=links.stay) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
