"""What a run has to tell its store, as files in `<run folder>/tracking/`.

The run writes `request.json` at its start and `ending.json` at its end; the journal lies beside the folder. Whoever
uploads them writes `record.json` once the store has a record of the run, and `receipt.json` when everything is there.
So an upload can be begun by one process and finished by another, days later and on a machine that has the files.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from syntonic.tracking import plain
from syntonic.tracking.base import Ending, Provenance
from syntonic.tracking.fallback import fallback_folder
from syntonic.tracking.process import Identity

_FORMAT: Final = 1
_NAME: Final = re.compile(r"[\w.+= -]+(/[\w.+= -]+)*", re.ASCII)
T = TypeVar("T")


class SpoolError(ValueError):
    """A file of an spool that cannot be used; the message names it and what is wrong."""


@dataclass(frozen=True)
class Request:
    """What to record, and where.

    Attributes:
        uri: of the store; None: the database in the root of all runs.
        experiment: of the store.
        process: which process computes the run.
        parent: the store's id of the sweep that the run is a point of.
        tracked: whether the run is to be recorded in the store at all, unasked.
        register: as which registered model, `name` or `name@alias`, the finished run's model is to be known.
        watch: seconds between two looks at what the machine does; None: it is not looked at.
        grouped: whether metrics are stored under the names of `metric_names`; those of earlier versions are not.
        run, title, config, params, tags, inputs, started, resumed: as in `Run`.
    """

    uri: str | None
    experiment: str
    run: str
    title: str
    config: dict[str, Any]
    params: dict[str, str]
    tags: dict[str, str]
    parent: str | None
    started: float
    process: Identity
    resumed: bool = False
    tracked: bool = True
    register: str | None = None
    watch: float | None = None
    grouped: bool = False
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    """How a run ended, and when: milliseconds since 1970."""

    ending: Ending
    time: int


@dataclass(frozen=True)
class StoredAs:
    """Under which id a store has the run."""

    store: str
    run_id: str


@dataclass(frozen=True)
class Upload:
    """How an upload ended; `whole`: the store has everything."""

    store: str
    run_id: str
    whole: bool
    problems: list[str] = field(default_factory=list)


class Spool:
    """The files of one run.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.run_folder = folder
        self.folder = folder / "tracking"

    @property
    def home(self) -> Path:
        """The root of all runs, by where the folder lies."""
        return self.run_folder.resolve().parent.parent

    def begin(self, request: Request) -> None:
        """Writes the request; what an earlier part of the run left to say about its end is no longer true."""
        self.folder.mkdir(exist_ok=True)
        if request.resumed and (earlier := self._earlier()) is not None:
            request = replace(request, grouped=earlier.grouped)
        for name in ("ending.json", "receipt.json"):
            (self.folder / name).unlink(missing_ok=True)
        self._write("request.json", asdict(request))

    def redirect(self, request: Request, uri: str) -> None:
        """Makes the run belong to another store, which knows nothing of it yet."""
        if request.uri != uri or not request.tracked:
            (self.folder / "record.json").unlink(missing_ok=True)
        self._write("request.json", asdict(replace(request, uri=uri, tracked=True)))

    def end(self, ending: Ending, time: int) -> None:
        """Writes how the run ended, elsewhere if the disk refuses; `time` is in milliseconds since 1970."""
        folders = {name: str(folder.resolve()) for name, folder in ending.folders.items()}
        facts = asdict(End(replace(ending, folders=folders), time))  # type: ignore[arg-type]
        try:
            self._write("ending.json", facts)
        except OSError:
            instead = Spool(fallback_folder(self.run_folder.name))
            instead.folder.mkdir()
            instead._write("ending.json", facts)

    def file(self, stored_as: StoredAs) -> None:
        """Writes where the record is."""
        self._write("record.json", asdict(stored_as))

    def receipt(self, upload: Upload) -> None:
        """Writes how the upload ended."""
        self._write("receipt.json", asdict(upload))

    def origin(self, found: Provenance) -> None:
        """Writes where the run comes from."""
        self._write("origin.json", asdict(found))

    def read_request(self) -> Request | None:
        """Returns the request, None if there is none."""
        return self._read("request.json", Request)

    def read_end(self) -> End | None:
        """Returns how the run ended and when, None if it has not."""
        return self._read("ending.json", End)

    def read_stored_as(self) -> StoredAs | None:
        """Returns where the record is, None if there is none."""
        return self._read("record.json", StoredAs)

    def read_receipt(self) -> Upload | None:
        """Returns how the last upload ended, None if none did."""
        return self._read("receipt.json", Upload)

    def read_origin(self) -> Provenance | None:
        """Returns where the run comes from, None if it was not written down."""
        return self._read("origin.json", Provenance)

    def _earlier(self) -> Request | None:
        try:
            return self.read_request()
        except SpoolError:  # it is about to be replaced
            return None

    def _write(self, name: str, facts: Mapping[str, Any]) -> None:
        plain.write_json(self.folder / name, {"format": _FORMAT, **facts})

    def _read(self, name: str, cls: type[T]) -> T | None:
        path = self.folder / name
        try:
            return plain.read(path, cls, _FORMAT)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise SpoolError(f"{path} cannot be used: {error}") from error


@contextmanager
def opened(folder: Path) -> Iterator[Spool]:
    """Opens the spool of a run for one uploader at a time; waits for another one.

    Raises:
        OSError: if the folder or its lock is a link, which may lead elsewhere.
    """
    spool = Spool(folder)
    if spool.folder.is_symlink():
        raise OSError(f"{spool.folder} is a link")
    handle = os.open(spool.folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield spool


def inside(folder: Path, path: Path) -> Path:
    """Returns `path` if it lies in `folder`.

    Raises:
        ValueError: if it does not, be it by a link.
    """
    if folder.resolve() not in path.resolve().parents:
        raise ValueError(f"{path} does not lie in {folder}")
    return path


def safe_name(name: str) -> str:
    """Returns `name` if it is that of a file below the place where it is to be stored.

    Raises:
        ValueError: if it could lead elsewhere.
    """
    if not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/")) or len(name) > 200:
        raise ValueError(f"{name!r} is no name of a file to keep")
    return name
