"""A sweep's folder, `<home>/sweeps/<id>/`: what was asked for, how it stands, a log per run, and the sign to stop."""

import contextlib
import fcntl
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.folder import home
from syntonic.tracking import links, plain
from syntonic.tracking.base import Status

_FORMAT: Final = 1


@dataclass(frozen=True)
class SweepFacts:
    """What `sweep.json` holds.

    Attributes:
        id: from the hash of everything that decides which points there are: the same request, the same sweep.
        overrides: as typed.
        started: seconds since 1970 when it was last started.
        tracked_as: the tracker's id of the parent run, None while it has none.
    """

    id: str
    title: str
    config_name: str
    overrides: list[str]
    started: float
    status: Status = Status.RUNNING
    tracked_as: str | None = None


class SweepFolder:
    """A sweep's folder, held by one process at a time.

    Args:
        path: the folder.
        facts: what is known of the sweep.
    """

    def __init__(self, path: Path, facts: SweepFacts) -> None:
        self.path = path
        self.facts = facts
        self._lock: IO[bytes] | None = None

    @classmethod
    def take(cls, facts: SweepFacts) -> "SweepFolder":
        """Makes the folder, or takes the one that an earlier part of the sweep has left.

        Raises:
            RequestError: if it cannot be written, or if another process holds it.
        """
        path = home() / "sweeps" / facts.id
        folder = cls(path, facts)
        try:
            folder._refuse_links()
            for name in ("logs", "rungs"):
                (path / name).mkdir(parents=True, exist_ok=True)
            folder._hold()
            with contextlib.suppress(RequestError):
                folder.facts = replace(facts, tracked_as=read(path).facts.tracked_as)
            stop_sign(path).unlink(missing_ok=True)
            folder.update(started=time.time())
        except OSError as error:
            raise RequestError(
                [f"{path} cannot be written: {error.strerror}; set SYNTONIC_HOME to a folder that can"]
            ) from error
        return folder

    def _refuse_links(self) -> None:
        try:
            links.refuse(self.path, but="submitit")  # which leaves links of its own, and has a new folder each time
        except ValueError as error:
            raise RequestError([str(error)]) from error

    def _hold(self) -> None:
        lock = (self.path / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise RequestError([f"sweep {self.facts.id} is still going in another process"]) from None
        self._lock = lock

    def release(self) -> None:
        """Lets go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def update(self, **changes: Any) -> None:  # noqa: ANN401 (each fact has its own type)
        """Changes facts and rewrites `sweep.json`, whole or not at all."""
        self.facts = replace(self.facts, **changes)
        self.write("sweep.json", {"format": _FORMAT, **asdict(self.facts)})

    def write(self, name: str, facts: Mapping[str, Any]) -> None:
        """Writes a file of the folder as JSON, whole or not at all."""
        hidden = self.path / f".{name}"
        hidden.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        hidden.replace(self.path / name)

    def log(self, number: int) -> Path:
        """Returns where a run writes what it would show on a terminal."""
        return self.path / "logs" / f"{number:04}.log"

    def forget_rungs(self) -> None:
        """Removes what earlier runs have left for others to be compared with."""
        for path in (self.path / "rungs").glob("*.json"):
            path.unlink()

    def stop(self) -> None:
        """Tells every run of the sweep, in whatever process, to write a checkpoint and end."""
        stop_sign(self.path).touch()


def stop_sign(path: Path) -> Path:
    """Returns the file whose presence tells the runs of a sweep to end."""
    return path / "stop"


def abandoned(path: Path) -> bool:
    """Whether no process holds the sweep in `path` any more."""
    with (path / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def read(path: Path) -> SweepFolder:
    """Opens a sweep's folder without taking it.

    Raises:
        RequestError: if its `sweep.json` cannot be read.
    """
    try:
        facts = plain.read(path / "sweep.json", SweepFacts, _FORMAT)
        if facts.id != path.name:
            raise ValueError(f"it is of a sweep {facts.id[:60]!r}")
        return SweepFolder(path, facts)
    except (OSError, ValueError) as error:
        raise RequestError([f"{path / 'sweep.json'} cannot be used: {error}; move {path} away to go on"]) from error


def find(wanted: str) -> SweepFolder:
    """Returns the sweep that `wanted` means: "last", an id, or the first letters of one.

    Raises:
        RequestError: if there is no such sweep, or more than one.
    """
    paths = (home() / "sweeps").glob("*/sweep.json")
    known = sorted((read(path.parent) for path in paths), key=lambda sweep: sweep.facts.started, reverse=True)
    if not known:
        raise RequestError([f"sweep.resume={wanted}: there is no sweep in {home()}; start one with `syntonic-run -m`"])
    if wanted == "last":
        return known[0]
    found = [sweep for sweep in known if sweep.facts.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(sweep.facts.id for sweep in (found or known)[:5])
    reason = f"{len(found)} sweeps begin with that" if found else f"there is no such sweep in {home()}"
    raise RequestError([f"sweep.resume={wanted}: {reason}; choose from {listed}"])
