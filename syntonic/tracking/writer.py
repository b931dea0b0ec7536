"""The process that brings a run's journal to its store while the run goes on.

It is told the run's folder first, `LOOK` when there is something new in it, `LAST` when no generation follows, `END`
when the run has ended, and `HAND_OVER` when another one shall finish its work. When the pipe from the trainer closes
without a word, the trainer was killed: then the run is recorded as KILLED, with all its points.
"""

import contextlib
import json
import os
import selectors
import signal
import sys
import time
from pathlib import Path
from typing import Final

from syntonic.tracking import mlflow_run, provenance
from syntonic.tracking.base import Provenance
from syntonic.tracking.delivery import Delivery, undelivered
from syntonic.tracking.machine import Watch
from syntonic.tracking.mlflow import connect, local_uri
from syntonic.tracking.outbox import Outbox, OutboxError, Request, opened
from syntonic.tracking.writer_process import DONE, END, HAND_OVER, LAST, LOG, LOOK

_ROUND: Final = 1.0  # seconds between two looks at the journal, if nobody asks for one
_PATIENCE: Final = 5.0  # seconds for which a store that is away is asked again at the end
_COURTESY: Final = 0.5  # seconds for which the trainer is left alone once everything is stored, so that it can end
_HANDED_OVER: Final = 3  # exit code


class Mail:
    """What the trainer says through the pipe."""

    def __init__(self) -> None:
        self._handle = sys.stdin.fileno()
        self._waiting = b""

    def has_come(self) -> bool:
        """Returns whether something waits to be read."""
        return bool(self._waiting) or self._has_news(0)

    def folder(self) -> Path | None:
        """Waits for the run's folder; None: there will be none."""
        while b"\n" not in self._waiting:
            came = os.read(self._handle, 65536)
            if not came:
                return None
            self._waiting += came
        line, _, self._waiting = self._waiting.partition(b"\n")
        return Path(json.loads(line))

    def is_orphan(self) -> bool:
        """Returns whether the trainer is gone and has left no word."""
        if not self._waiting and self._has_news(0):
            self._waiting = os.read(self._handle, 65536)
            return not self._waiting
        return False

    def word(self, patience: float) -> bytes:
        """Waits for a word, so many seconds at most; returns `LOOK` if none comes, and `END` if the trainer is gone."""
        if not self._waiting:
            if not self._has_news(patience):
                return LOOK
            self._waiting = os.read(self._handle, 65536) or END
        said = next((word for word in (END, HAND_OVER, LAST) if word in self._waiting), LOOK)
        self._waiting = b""
        return said

    def await_silence(self, patience: float) -> None:
        """Waits until the trainer has hung up, so many seconds at most."""
        deadline = time.monotonic() + patience
        while self._has_news(max(0.0, deadline - time.monotonic())):
            if not os.read(self._handle, 65536):
                return

    def _has_news(self, patience: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._handle, selectors.EVENT_READ)
            return bool(selector.select(patience))


def main() -> None:
    """Delivers the run whose folder the trainer names."""
    # These are for the trainer, which then tells how the run ended.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    mail = Mail()
    found = None if mail.has_come() else provenance.surroundings()  # while the trainer loads its data
    folder = mail.folder()
    if folder is None:
        sys.exit(0)
    trainer = os.dup(sys.stdout.fileno())
    with (folder / "tracking" / LOG).open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(log.fileno(), stream.fileno())
    with opened(folder) as outbox:
        sys.exit(_deliver(outbox, mail, trainer, found))


def deliver(outbox: Outbox, patience: float = 0.0) -> bool:
    """Delivers a run that has ended, or whose process is gone; returns whether the store has everything now.

    Raises:
        OutboxError: if what the run left cannot be used.
    """
    request = outbox.read_request()
    if request is None:
        return False
    delivery = _delivery(outbox, request)
    delivered = delivery.conclude(outbox.read_end(), patience)
    delivery.release()
    return delivered.whole


def _delivery(outbox: Outbox, request: Request) -> Delivery:
    return Delivery(outbox, request, connect, request.uri or local_uri(outbox.home), mlflow_run.register)


def _deliver(outbox: Outbox, mail: Mail, trainer: int, found: Provenance | None) -> int:
    request = outbox.read_request()
    if request is None:
        return 1
    receipt = outbox.read_receipt()
    if receipt is not None and receipt.whole and mail.is_orphan():
        return 0  # its trainer was killed, and who resumed the run has recorded it to its end meanwhile
    if outbox.read_origin() is None:
        outbox.origin(found or provenance.surroundings())
    delivery = _delivery(outbox, request)
    delivery.advance()
    _clean_up(outbox)
    watch = _watch(outbox, request)
    word = LOOK
    while word in (LOOK, LAST):
        delivery.advance(last=word == LAST)
        word = mail.word(_ROUND if watch is None else min(_ROUND, watch.rest()))
        if watch is not None:
            watch.look(last=word not in (LOOK, LAST))
    if word == HAND_OVER:
        return _HANDED_OVER
    delivery.conclude(outbox.read_end(), _PATIENCE)
    with contextlib.suppress(BrokenPipeError):  # it was killed, then nobody waits
        os.write(trainer, DONE)
    mail.await_silence(_COURTESY)
    delivery.release()  # a database is tidied up by the last one who leaves it, which takes time
    return 0


def _watch(outbox: Outbox, request: Request) -> Watch | None:
    try:
        return Watch(outbox.folder, request.process.pid, request.watch) if request.watch else None
    except OSError:  # a full disk: the run is worth more than how busy its machine was
        return None


def _clean_up(own: Outbox) -> None:
    # Runs of the same home whose processes were killed together with their writers, as a power cut does.
    for outbox in undelivered(own.home):
        if outbox.run_folder.resolve() == own.run_folder.resolve():
            continue
        try:
            request = outbox.read_request()
            if request is not None and request.uri is None and request.process.alive() is False:
                with opened(outbox.run_folder) as held:
                    deliver(held)
        except (OutboxError, OSError):
            continue
