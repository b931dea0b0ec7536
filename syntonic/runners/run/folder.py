"""A run's folder, `<home>/runs/<id>/`: `run.json` says what the run is and how it stands; checkpoints lie beside it."""

import fcntl
import json
import os
import secrets
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.tracking import links, plain
from syntonic.tracking.base import Status
from syntonic.tracking.outbox import Outbox

_FORMAT: Final = 1


def home() -> Path:
    """Returns the root of everything that runs write: `$SYNTONIC_HOME`, or `.syntonic` in the working folder."""
    return Path(os.environ.get("SYNTONIC_HOME") or ".syntonic")


@dataclass(frozen=True)
class RunFacts:
    """What `run.json` holds.

    Attributes:
        started: seconds since 1970 when the run was last started or resumed.
        config: the resolved config.
        config_name, overrides: the request that the config was composed from.
        tracked_as: the tracker's id of the run, None while it has none.
        generation: the last generation, once the run has ended in an orderly way.
        sweep: of a point of a sweep, `id`, `point` (what was set) and `parent` (the tracker's id of the sweep).
        results: the centre's final metrics, once the run is finished.
        reason: why the run ended before its last generation, empty if it did not.
        seconds, evaluations: what the run took in the process that ended it.
        core: the SHA-256 of the core library that ended it.
    """

    id: str
    title: str
    started: float
    config: dict[str, Any]
    config_name: str
    overrides: list[str]
    status: Status = Status.RUNNING
    tracked_as: str | None = None
    generation: int | None = None
    sweep: dict[str, str] | None = None
    results: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    evaluations: int = 0
    core: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The names that the run answers to."""
        return (self.id, self.tracked_as) if self.tracked_as else (self.id,)


class RunFolder:
    """A run's folder, held by one process at a time.

    Args:
        path: the folder.
        facts: what is known of the run.
    """

    def __init__(self, path: Path, facts: RunFacts) -> None:
        self.path = path
        self.facts = facts
        self._guard = threading.Lock()
        self._lock: IO[bytes] | None = None

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @classmethod
    def create(
        cls,
        title: str,
        config: dict[str, Any],
        config_name: str,
        overrides: list[str],
        sweep: dict[str, str] | None = None,
    ) -> "RunFolder":
        """Makes the folder of a new run and takes it.

        Raises:
            RequestError: if the folder cannot be written.
        """
        now = time.time()
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{int(now % 1 * 1000):03}-{secrets.token_hex(2)}"
        facts = RunFacts(name, title, now, config, config_name, overrides, sweep=sweep)
        folder = cls(home() / "runs" / name, facts)
        folder._refuse_links()
        try:
            folder.checkpoints.mkdir(parents=True)
            folder.take()
            folder.update()
        except OSError as error:
            raise RequestError(
                [f"{folder.path} cannot be written: {error.strerror}; set SYNTONIC_HOME to a folder that can"]
            ) from error
        return folder

    def take(self) -> None:
        """Holds the folder until the process ends, however it ends.

        Raises:
            RequestError: if another process holds it: the run is still going. Or if a link in it leads elsewhere.
        """
        self._refuse_links()
        lock = (self.path / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise RequestError(
                [f"run {self.facts.id} is still going in another process; wait for it or end it"]
            ) from None
        self._lock = lock

    def _refuse_links(self) -> None:
        try:
            links.refuse(self.path)
        except ValueError as error:
            raise RequestError([str(error)]) from error

    def release(self) -> None:
        """Lets go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def update(self, **changes: Any) -> None:  # noqa: ANN401 (each fact has its own type)
        """Changes facts and rewrites `run.json`, whole or not at all; safe from any thread."""
        with self._guard:
            self.facts = replace(self.facts, **changes)
            hidden = self.path / ".run.json"
            try:
                hidden.write_text(json.dumps({"format": _FORMAT, **asdict(self.facts)}, indent=1), encoding="utf-8")
                hidden.replace(self.path / "run.json")
            except OSError:
                hidden.unlink(missing_ok=True)
                raise


def printable(text: str) -> str:
    """Returns a text that does nothing to a terminal but appear on it.

    >>> printable("a" + chr(27) + "[2J")
    'a?[2J'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def known() -> list[RunFolder]:
    """Returns every run under the home, the latest first.

    Raises:
        RequestError: naming each `run.json` that cannot be read.
    """
    folders: list[RunFolder] = []
    faults: list[str] = []
    for path in (home() / "runs").glob("*/run.json"):
        try:
            folders.append(read(path.parent))
        except RequestError as error:
            faults += error.faults
    if faults:
        raise RequestError(faults)
    return sorted(folders, key=lambda folder: folder.facts.started, reverse=True)


def read(path: Path) -> RunFolder:
    """Opens a run's folder without taking it.

    Raises:
        RequestError: if its `run.json` cannot be read.
    """
    try:
        facts = plain.read(path / "run.json", RunFacts, _FORMAT)
        if facts.id != path.name:
            raise ValueError(f"it is of a run {facts.id[:60]!r}")
        if facts.tracked_as is None and (filed := Outbox(path).read_filed()):
            facts = replace(facts, tracked_as=filed.run_id)  # a killed run had no time to write it there
        return RunFolder(path, replace(facts, title=printable(facts.title)))
    except (OSError, ValueError) as error:
        raise RequestError([f"{path / 'run.json'} cannot be used: {error}; move {path} away to go on"]) from error
