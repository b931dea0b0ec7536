"""Opens the record of a run in its store: by rows in a database that is known, by MLflow's client anywhere else.

The default store is a SQLite database in the root of all runs. Its tables are MLflow's own work, made once on a machine
and copied from then on. It is made beside its place and renamed, under a file lock, so that it is there whole or not at
all; in WAL mode, which makes parallel writers several times faster.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from syntonic.tracking import links
from syntonic.tracking.base import Past
from syntonic.tracking.spool import Request, Spool
from syntonic.tracking.stores import address, mlflow_run, sqlite
from syntonic.tracking.stores.remote import Remote
from syntonic.tracking.stores.sqlite_run import SqliteRun


def connect(spool: Spool, request: Request) -> Remote:
    """Opens the record of a run in its store, which is created if it is the default one and not there yet."""
    uri = request.uri or address.local(spool.home)
    stored_as = spool.read_stored_as()
    earlier = stored_as.run_id if stored_as and stored_as.store == uri else None
    path = address.file_of(uri)
    if path is not None:
        with _alone(path):
            _create(path)
        if sqlite.known(path):
            ours = path.resolve().parent == spool.home
            return SqliteRun(path, path.parent / "artifacts", request, earlier, ours=ours)
    return mlflow_run.MlflowRun(uri, request, earlier, f"{spool.home}/artifacts" if request.uri is None else None)


def finished(uri: str, experiment: str) -> list[Past]:
    """Returns the finished runs of an experiment in a store; of a local one that is not there yet, none."""
    path = address.file_of(uri)
    if path is not None:
        if not path.exists():
            return []
        if sqlite.known(path):
            return sqlite.finished(path, experiment)
    return mlflow_run.finished(uri, experiment)


def deleted(uri: str) -> set[str]:
    """Returns the runs that were deleted in the dashboard of a store; none of one that cannot be looked into here."""
    path = address.file_of(uri)
    with contextlib.suppress(ValueError, sqlite3.Error, OSError):
        if path is not None and sqlite.known(path):
            return sqlite.deleted(path)
    return set()


def _create(path: Path) -> None:
    # MLflow needs seconds to make its tables, by the whole history of their changes; a copy of the result needs none.
    if path.is_file() and path.stat().st_size:
        return
    hidden = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        template = _template(hidden)
        shutil.copyfile(template, hidden)
        # The mode is kept in the file, so it needs saying once; MLflow never says it.
        with contextlib.closing(sqlite3.connect(hidden)) as made:
            made.execute("PRAGMA journal_mode=WAL")
        with hidden.open("rb") as file:
            os.fsync(file.fileno())
        hidden.replace(path)
    finally:
        for end in ("", "-wal", "-shm", "-journal", "-tables", "-tables-wal", "-tables-shm", "-tables-journal"):
            hidden.with_name(f"{hidden.name}{end}").unlink(missing_ok=True)


def _template(beside: Path) -> Path:
    # A database with MLflow's tables: that of this machine's cache, or a new one.
    from importlib import metadata  # takes as long to import as the rest of this process, and is rarely needed

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syntonic"
    template = cache / f"mlflow-{metadata.version('mlflow-skinny')}.db"
    with contextlib.suppress(ValueError):  # a damaged one is made again
        if sqlite.known(template):
            return template
    made, kept = (beside.with_name(f"{beside.name}{end}") for end in ("-tables", ""))
    mlflow_run.client(address.of_file(made.resolve())).search_experiments(max_results=1)
    with contextlib.closing(sqlite3.connect(made)) as source, contextlib.closing(sqlite3.connect(kept)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    try:  # without a cache the next folder takes as long as this one
        cache.mkdir(parents=True, exist_ok=True)
        hidden = cache / f".{template.name}-{os.getpid()}"
        shutil.copyfile(kept, hidden)
        hidden.replace(template)
    except OSError:
        kept.replace(made)
        return made
    return template


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with open(path.with_suffix(".lock"), "a", opener=links.stay) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
