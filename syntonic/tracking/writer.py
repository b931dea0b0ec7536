"""The process that brings a run's journal to its store while the run goes on.

It is told `END` when the run has ended, and `HAND_OVER` when another one shall finish its work. When the pipe from the
trainer closes without a word, the trainer was killed: then the run is recorded as KILLED, with all its points.
"""

import os
import selectors
import signal
import sys
from pathlib import Path
from typing import Final

from syntonic.tracking import mlflow_run, provenance
from syntonic.tracking.courier import END, HAND_OVER
from syntonic.tracking.delivery import Delivery, undelivered
from syntonic.tracking.mlflow import connect, local_uri
from syntonic.tracking.outbox import Outbox, OutboxError, Request, opened

_ROUND: Final = 0.25  # seconds between two looks at the journal
_PATIENCE: Final = 5.0  # seconds for which a store that is away is asked again at the end
_HANDED_OVER: Final = 3  # exit code


def main() -> None:
    """Delivers the run whose folder is the first argument."""
    folder = Path(sys.argv[1])
    # These are for the trainer, which then tells how the run ended.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    with opened(folder) as outbox:
        code = _deliver(outbox)
    sys.exit(code)


def deliver(outbox: Outbox, patience: float = 0.0) -> bool:
    """Delivers a run that has ended, or whose process is gone; returns whether the store has everything now.

    Raises:
        OutboxError: if what the run left cannot be used.
    """
    request = outbox.read_request()
    return request is not None and _delivery(outbox, request).conclude(outbox.read_end(), patience).whole


def _delivery(outbox: Outbox, request: Request) -> Delivery:
    return Delivery(outbox, request, connect, request.uri or local_uri(outbox.home), mlflow_run.register)


def _deliver(outbox: Outbox) -> int:
    request = outbox.read_request()
    if request is None:
        return 1
    if outbox.read_origin() is None:
        outbox.origin(provenance.gather(core=request.tags.get("core_sha256", "")))
    delivery = _delivery(outbox, request)
    delivery.advance()
    _clean_up(outbox)
    with selectors.DefaultSelector() as mail:
        mail.register(sys.stdin.fileno(), selectors.EVENT_READ)
        word = b""
        while not word:
            delivery.advance()
            if mail.select(_ROUND):
                word = os.read(sys.stdin.fileno(), 1) or END
    if word == HAND_OVER:
        return _HANDED_OVER
    delivery.conclude(outbox.read_end(), _PATIENCE)
    return 0


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
