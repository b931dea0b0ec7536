"""A run's folder, `<home>/runs/<id>/`, held by one process at a time: the run's record, with checkpoints beside it."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from syntonic.runners.config.errors import RequestError, printable
from syntonic.runners.own.source import Source, keep
from syntonic.runners.run import record as run_record
from syntonic.runners.run.record import RunRecord
from syntonic.tracking import links
from syntonic.tracking.journal import JOURNAL, Point, Tail
from syntonic.tracking.spool import Spool, SpoolError, StoredAs

PARAMETERS: Final = "parameters.safetensors"  # in the folder `model` of a run
_ENOUGH: Final = 1 << 16  # bytes at the end of a journal that hold its last line


def home() -> Path:
    """Returns the root of everything that runs write: `$SYNTONIC_HOME`, or `.syntonic` in the working folder."""
    return Path(os.environ.get("SYNTONIC_HOME") or ".syntonic")


class RunFolder:
    """A run's folder.

    Args:
        record: of the run, which says where the folder is.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self._guard = threading.Lock()
        self._lock: IO[bytes] | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        return self.record.folder

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @cached_property
    def last_point(self) -> Point | None:
        """The last generation in the journal."""
        journal = self.path / JOURNAL
        if not journal.is_file():
            return None
        tail = Tail(journal)
        size = journal.stat().st_size
        if size > _ENOUGH:
            with journal.open("rb") as file:
                file.seek(size - _ENOUGH)
                file.readline()
                tail.position = file.tell()
        return max(tail.new(), key=lambda point: point.step, default=None)

    @property
    def generation(self) -> int:
        """The last generation that was measured."""
        return self.last_point.step if self.last_point else 0

    @property
    def uploaded(self) -> bool | None:
        """Whether the tracking store has everything of the run; None if it is not tracked, or cannot be known."""
        spool = Spool(self.path)
        try:
            request, receipt = spool.read_request(), spool.read_receipt()
        except SpoolError:
            return None  # `doctor` names it
        return (receipt is not None and receipt.whole) if request is not None and request.tracked else None

    @property
    def stored_as(self) -> StoredAs | None:
        """Under which id its store has the run; None if none has it, or if that cannot be known."""
        try:
            return Spool(self.path).read_stored_as()
        except SpoolError:
            return None

    @classmethod
    def create(
        cls,
        title: str,
        config: dict[str, Any],
        config_name: str,
        overrides: list[str],
        sweep: dict[str, str] | None = None,
        inputs: dict[str, str] | None = None,
        own: Sequence[Source] = (),
    ) -> "RunFolder":
        """Makes the folder of a new run and takes it; the user's code `own` is kept in it.

        Raises:
            RequestError: if the folder cannot be written.
        """
        now = time.time()
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{int(now % 1 * 1000):03}-{secrets.token_hex(2)}"
        place = home() / "runs" / name
        used = [source.record() for source in own]
        asked = (name, title, now, config, config_name, overrides)
        folder = cls(RunRecord(*asked, sweep=sweep, inputs=inputs or {}, uses=used, folder=place))
        folder._refuse_links()
        try:
            folder.checkpoints.mkdir(parents=True)
            folder.take()
            keep(own, place)
            folder.update()
        except OSError as error:
            raise RequestError(
                [f"{place} cannot be written: {error.strerror}; set SYNTONIC_HOME to a folder that can"]
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
                [f"run {self.record.id} is still running in another process; wait for it or stop it"]
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

    def update(self, **changes: Any) -> None:  # noqa: ANN401 (each field has its own type)
        """Changes fields of the record and writes it down; safe from any thread.

        Raises:
            OSError: if the disk refuses it; the record in memory is changed nevertheless.
        """
        with self._guard:
            self.record = replace(self.record, **changes)
            self.record.write()


def read(path: Path) -> RunFolder:
    """Opens a run's folder without taking it.

    Raises:
        RequestError: if its record cannot be read.
    """
    try:
        record = run_record.read(path)
        if record.tracked_as is None and (stored_as := Spool(path).read_stored_as()):
            record = replace(record, tracked_as=stored_as.run_id)  # a killed run had no time to write it there
        return RunFolder(replace(record, title=printable(record.title)))
    except (OSError, ValueError) as error:
        file = path / run_record.FILE
        raise RequestError([f"{file} cannot be used: {error}; move {path} away and try again"]) from error
