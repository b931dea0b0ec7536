"""Changes to the record of a run that has ended: its tags, and whether the store shows it. Its status stays."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from syntonic.tracking.spool import Request, Spool, SpoolError
from syntonic.tracking.stores import address, mlflow_run, sqlite
from syntonic.tracking.stores.remote import tag_name


def stored(folder: Path) -> tuple[str, str] | None:
    """Returns the address of the store of the run in a folder, and its id there; None if it has no record."""
    spool = Spool(folder)
    try:
        request, found = spool.read_request(), spool.read_stored_as()
    except SpoolError:
        return None
    if request is None or found is None:
        return None
    return _address(spool, request), found.run_id


def tag(store: str, run_id: str, tags: Mapping[str, str | None]) -> None:
    """Sets tags of a run, and removes those whose value is None; names as `remote.tag_name` has them.

    Raises:
        Exception: whatever the store's client raises.
    """
    named = {tag_name(key): value for key, value in tags.items()}
    path = address.file_of(store)
    if path is not None and sqlite.known(path):
        with contextlib.closing(sqlite.Database(path)) as database, database.change() as change:
            for key, value in named.items():
                change.execute("DELETE FROM tags WHERE key = ? AND run_uuid = ?", [key, run_id])
                if value is not None:
                    row = [key[:250], value[:8000], run_id]
                    change.execute("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", row)
        return
    client = mlflow_run.client(store)
    there = client.get_run(run_id).data.tags
    for key, value in named.items():
        if value is not None:
            client.set_tag(run_id, key, value[:8000])
        elif key in there:
            client.delete_tag(run_id, key)


def show(store: str, run_id: str, shown: bool) -> None:
    """Makes the store list a run, or list it among the deleted ones.

    Raises:
        Exception: whatever the store's client raises.
    """
    path = address.file_of(store)
    if path is not None and sqlite.known(path):
        stage, moment = ("active", None) if shown else ("deleted", sqlite.milliseconds())
        with contextlib.closing(sqlite.Database(path)) as database, database.change() as change:
            update = "UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE run_uuid = ?"
            change.execute(update, [stage, moment, run_id])
        return
    client = mlflow_run.client(store)
    (client.restore_run if shown else client.delete_run)(run_id)


def _address(spool: Spool, request: Request) -> str:
    return request.uri or address.local(spool.home)
