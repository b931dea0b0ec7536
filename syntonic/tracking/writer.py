"""The process that uploads a run's journal to its store during the run.

It is sent the run's folder first, `LOOK` when there is something new in it, `LAST` when no generation follows, `END`
when the run has ended, and `HAND_OVER` when another one shall finish its work. When the pipe from the trainer closes
without a command, the trainer was killed: then the run is recorded as KILLED, with all its points.
"""

import contextlib
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntonic.tracking import provenance
from syntonic.tracking.base import Provenance
from syntonic.tracking.machine import Watch
from syntonic.tracking.spool import Request, Spool, SpoolError, opened
from syntonic.tracking.stores import address, mlflow_run
from syntonic.tracking.stores.connection import connect
from syntonic.tracking.uploader import Uploader, not_uploaded
from syntonic.tracking.writer_process import DONE, END, HAND_OVER, LAST, LOG, LOOK

_ROUND: Final = 1.0  # seconds between two looks at the journal, unless the trainer asks for one
_PATIENCE: Final = 5.0  # seconds for which a store that is away is asked again at the end
_COURTESY: Final = 0.5  # seconds for which the trainer is left alone once everything is stored, so that it can end
_HANDED_OVER: Final = 3  # exit code


class ControlPipe:
    """The pipe through which the trainer sends commands."""

    def __init__(self) -> None:
        self._handle = sys.stdin.fileno()
        self._waiting = b""

    def has_input(self) -> bool:
        """Returns whether something waits to be read."""
        return bool(self._waiting) or self._readable(0)

    def read_folder(self) -> Path | None:
        """Waits for the run's folder; None: there will be none."""
        while b"\n" not in self._waiting:
            came = os.read(self._handle, 65536)
            if not came:
                return None
            self._waiting += came
        line, _, self._waiting = self._waiting.partition(b"\n")
        return Path(json.loads(line))

    def parent_died(self) -> bool:
        """Returns whether the trainer is gone and has sent no command."""
        if not self._waiting and self._readable(0):
            self._waiting = os.read(self._handle, 65536)
            return not self._waiting
        return False

    def next_command(self, timeout: float) -> bytes:
        """Waits for a command, so many seconds at most; returns `LOOK` if none comes, `END` if the trainer is gone."""
        if not self._waiting:
            if not self._readable(timeout):
                return LOOK
            self._waiting = os.read(self._handle, 65536) or END
        said = next((command for command in (END, HAND_OVER, LAST) if command in self._waiting), LOOK)
        self._waiting = b""
        return said

    def await_close(self, timeout: float) -> None:
        """Waits until the trainer has closed the pipe, so many seconds at most."""
        deadline = time.monotonic() + timeout
        while self._readable(max(0.0, deadline - time.monotonic())):
            if not os.read(self._handle, 65536):
                return

    def _readable(self, timeout: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._handle, selectors.EVENT_READ)
            return bool(selector.select(timeout))


def main() -> None:
    """Records the run whose folder the trainer names."""
    # These are for the trainer, which then tells how the run ended.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    pipe = ControlPipe()
    found = None if pipe.has_input() else provenance.surroundings()  # while the trainer loads its data
    folder = pipe.read_folder()
    if folder is None:
        sys.exit(0)
    trainer = os.dup(sys.stdout.fileno())
    with (folder / "tracking" / LOG).open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    with opened(folder) as spool:
        sys.exit(_record(spool, pipe, trainer, found))


def upload(spool: Spool, patience: float = 0.0) -> bool:
    """Uploads a run that has ended, or whose process is gone; returns whether the store has everything now.

    Raises:
        SpoolError: if what the run left cannot be used.
    """
    request = spool.read_request()
    if request is None:
        return False
    uploader = _uploader(spool, request)
    ended = uploader.conclude(spool.read_end(), patience)
    uploader.release()
    return ended.whole


def _uploader(spool: Spool, request: Request) -> Uploader:
    return Uploader(spool, request, connect, request.uri or address.local(spool.home), mlflow_run.register)


def _record(spool: Spool, pipe: ControlPipe, trainer: int, found: Provenance | None) -> int:
    request = spool.read_request()
    if request is None:
        return 1
    receipt = spool.read_receipt()
    if receipt is not None and receipt.whole and pipe.parent_died():
        return 0  # its trainer was killed, and who resumed the run has recorded it to its end meanwhile
    if spool.read_origin() is None:
        spool.origin(found or provenance.surroundings())
    uploader = _uploader(spool, request)
    watch = _watch(spool, request)
    others = _abandoned(spool)
    command = LOOK
    while command in (LOOK, LAST):
        uploader.advance(last=command == LAST)
        is_idle = not uploader.has_more and next(others, None) is None
        wait = min(_ROUND, watch.rest() if watch is not None else _ROUND)
        command = pipe.next_command(wait if is_idle else 0.0)
        if watch is not None:
            watch.look(last=command not in (LOOK, LAST))
    if command == HAND_OVER:
        return _HANDED_OVER
    uploader.conclude(spool.read_end(), _PATIENCE)
    with contextlib.suppress(BrokenPipeError):  # it was killed and does not wait
        os.write(trainer, DONE)
    pipe.await_close(_COURTESY)
    uploader.release()  # a database is tidied up by the last one who leaves it, which takes time
    return 0


def _watch(spool: Spool, request: Request) -> Watch | None:
    try:
        return Watch(spool.folder, request.process.pid, request.watch) if request.watch else None
    except OSError:  # a full disk: the run is worth more than how busy its machine was
        return None


def _abandoned(own: Spool) -> Iterator[Spool]:
    # Uploads, one for each step, runs of the same home whose processes were killed together with their writers, as a
    # power cut does.
    for spool in not_uploaded(own.home):
        if spool.run_folder.resolve() == own.run_folder.resolve():
            continue
        try:
            request = spool.read_request()
            if request is not None and request.uri is None and request.process.alive() is False:
                with opened(spool.run_folder) as held:
                    upload(held)
                yield spool
        except (SpoolError, OSError):
            continue
