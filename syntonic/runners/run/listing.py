"""The runs under a home, read from their folders: nothing has to be installed, running or reachable for that."""

import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from syntonic.runners.config.errors import RequestError, harmless
from syntonic.runners.run.folder import RunFolder, home, read
from syntonic.runners.run.nearby import hint
from syntonic.runners.run.record import FILE
from syntonic.tracking.base import Status
from syntonic.tracking.spool import Spool, SpoolError
from syntonic.tracking.stores import connection


class _Named(Protocol):
    # What can be found by an id: a run, or a sweep.
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def title(self) -> str: ...


N = TypeVar("N", bound=_Named)


def survey() -> tuple[list[RunFolder], list[str]]:
    """Returns every run under the home, the latest first, and what is wrong with the folders that cannot be read.

    A run whose process is gone is written down as KILLED.
    """
    found: list[RunFolder] = []
    faults: list[str] = []
    for path in (home() / "runs").glob(f"*/{FILE}"):
        try:
            found.append(read(path.parent))
        except RequestError as error:
            faults += error.faults
    for folder in found:
        if folder.record.status is Status.RUNNING:
            _mark_dead(folder)
    return sorted(found, key=lambda folder: folder.record.started, reverse=True), faults


def deleted(folders: Sequence[RunFolder]) -> list[RunFolder]:
    """Returns those of the runs that were deleted in the dashboard, as far as their store is a database in a file."""
    stored_as = {folder: folder.stored_as for folder in folders}
    stores = {one.store for one in stored_as.values() if one is not None}
    gone = {(store, run) for store in stores for run in connection.deleted(store)}
    return [folder for folder, one in stored_as.items() if one is not None and (one.store, one.run_id) in gone]


def known(warn: Callable[[str], None]) -> list[RunFolder]:
    """Returns every run under the home, the latest first; `warn` is told of each folder that is passed over."""
    found, faults = survey()
    for fault in faults:
        warn(f"warning: {harmless(fault)}")
    return found


def find(wanted: str, warn: Callable[[str], None], option: str = "") -> RunFolder:
    """Returns the run that `wanted` means: "last", an id, or the first letters of one.

    Args:
        wanted: what was typed.
        warn: is told of each folder that is passed over.
        option: the option that it was typed for, for messages: `resume=`.

    Raises:
        RequestError: if no run is meant, or more than one.
    """
    folders, faults = survey()
    if not folders:
        missing = f"{option}{wanted}: there is no run in {home()}; start one with `syntonic-run`{hint()}"
        raise RequestError([missing, *faults])
    try:
        found = choose(wanted, [folder.record for folder in folders], "run", option)
    except RequestError as error:
        raise RequestError([*error.faults, *faults]) from error
    for fault in faults:
        warn(f"warning: {harmless(fault)}")
    return next(folder for folder in folders if folder.record is found)


def choose(wanted: str, among: Sequence[N], kind: str, option: str = "") -> N:
    """Returns the run or sweep that `wanted` means: "last", an id, or the first letters of one.

    Args:
        wanted: what was typed.
        among: the records of all there are, the latest first; not empty.
        kind: what they are, for messages: run, sweep.
        option: the option that it was typed for.

    Raises:
        RequestError: if none is meant, or more than one.
    """
    if wanted == "last":
        return among[0]
    found = [each for each in among if any(name.startswith(wanted) for name in each.ids)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{each.ids[0]} ({each.title})" for each in (found or among)[:5])
    if found:
        raise RequestError([f"{option}{wanted}: {len(found)} {kind}s begin with that; choose from {listed}"])
    near = "; did you mean 'last'?" if get_close_matches(wanted, ["last"]) else f"; the latest are {listed}"
    raise RequestError([f"{option}{wanted}: there is no such {kind} in {home()}{near}"])


def ago(moment: float) -> str:
    """Returns how long ago a moment was, in one number.

    >>> import time
    >>> ago(time.time() - 7200)
    '2 h ago'
    """
    seconds = max(0.0, time.time() - moment)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _mark_dead(folder: RunFolder) -> None:
    # The folder's lock is let go by the system when its process ends, however it ends. A process of another machine,
    # which may share the disk and not the locks, cannot be asked.
    try:
        request = Spool(folder.path).read_request()
        if request is not None and request.process.alive() is not False:
            return
        folder.take()
    except (RequestError, SpoolError, OSError):
        return
    try:
        folder.update(status=Status.KILLED)
    except OSError:
        pass  # a disk that cannot be written to shows the run as it was left
    finally:
        folder.release()
