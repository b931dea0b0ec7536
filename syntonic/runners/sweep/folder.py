"""A sweep's folder, `<home>/sweeps/<id>/`: what was asked for, how it stands, logs, and the request to stop."""

import contextlib
import fcntl
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from syntonic.core.status import Status
from syntonic.runners.config.errors import RequestError, harmless
from syntonic.runners.own.source import Source, keep
from syntonic.runners.run.folder import home
from syntonic.runners.run.listing import choose
from syntonic.tracking import links, plain

_FORMAT: Final = 1


@dataclass(frozen=True)
class SweepFacts:
    """What `sweep.json` holds.

    Attributes:
        id: from the hash of everything that decides which points there are: the same request, the same sweep.
        overrides: as typed.
        started: seconds since 1970 when it was last started.
        tracked_as: the tracker's id of the parent run, None while it has none.
        uses: the user's code that it was made with, as in the record of a run.
    """

    id: str
    title: str
    config_name: str
    overrides: list[str]
    started: float
    status: Status = Status.RUNNING
    tracked_as: str | None = None
    uses: list[dict[str, str]] = field(default_factory=list)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names that the sweep answers to."""
        return (self.id,)


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
    def take(cls, facts: SweepFacts, own: Sequence[Source] = ()) -> "SweepFolder":
        """Makes the folder, or takes the one that an earlier part of the sweep has left; the code `own` is kept in it.

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
            keep(own, path)
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
        kept = {name: value for name, value in asdict(self.facts).items() if value or name != "uses"}
        plain.write_json(self.path / "sweep.json", {"format": _FORMAT, **kept})

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
        raise RequestError([f"{path / 'sweep.json'} cannot be used: {error}; move {path} away to continue"]) from error


def matching(wanted: str) -> list[SweepFolder]:
    """Returns the sweeps whose ids begin with `wanted`, of those that can be read."""
    if wanted == "last" or not wanted.replace("-", "").replace("_", "").isalnum():
        return []
    found = []
    for path in (home() / "sweeps").glob(f"{wanted}*/sweep.json"):
        with contextlib.suppress(RequestError):
            found.append(read(path.parent))
    return found


def find(wanted: str, warn: Callable[[str], None]) -> SweepFacts:
    """Returns the sweep that `wanted` means: "last", an id, or the first letters of one.

    Args:
        wanted: what was typed.
        warn: is told of each folder that is passed over.

    Raises:
        RequestError: if there is no such sweep, or more than one.
    """
    known: list[SweepFacts] = []
    for path in (home() / "sweeps").glob("*/sweep.json"):
        try:
            known.append(read(path.parent).facts)
        except RequestError as error:
            warn(f"warning: {harmless(str(error))}")
    if not known:
        raise RequestError([f"sweep.resume={wanted}: there is no sweep in {home()}; start one with `syntonic-run -m`"])
    return choose(wanted, sorted(known, key=lambda facts: facts.started, reverse=True), "sweep", "sweep.resume=")
