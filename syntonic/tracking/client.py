"""The trainer's side of tracking: it writes the journal, and has another process bring it to the store.

The training process writes a line per generation and nothing else. The other process runs at the lowest priority, so
that it takes idle time only, and ends by itself when the trainer has ended, however that came about.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Final

from syntonic.tracking import process
from syntonic.tracking.base import Ending, Receipt, Record, Run, Status
from syntonic.tracking.journal import JOURNAL, Journal
from syntonic.tracking.spool import Request, Spool, SpoolError
from syntonic.tracking.writer_process import END, HAND_OVER, LAST, LOG, LOOK, WriterProcess

_LOOK: Final = 0.05  # seconds between two looks whether the store has a record of the run
_SILENCE: Final = 1.5  # seconds of waiting at the end of which nothing is said
_SLOW: Final = 3.0  # seconds after which a writer of low priority gets a helper of ordinary priority


class Client:
    """The journal of a run and the process that reads it.

    Args:
        run: what is recorded.
        asked: what there is to record of it.
        store: the store's address, for messages.
        served: whether a dashboard can be opened on it.
        writer: a process that waits for this run; None: one is started now.
    """

    def __init__(
        self, run: Run, asked: Request, store: str, *, served: bool, writer: WriterProcess | None = None
    ) -> None:
        self._run, self._store, self._served = run, store, served
        self._sync = "syntonic-run sync" + (f" --to {asked.uri}" if asked.uri else "")  # goes to no unasked address
        self._journal = Journal(run.folder / JOURNAL, asked.started)
        self._spool = Spool(run.folder)
        self._spool.begin(asked)
        if run.provenance is not None:
            self._spool.origin(run.provenance())
        self._writer = writer or WriterProcess()
        self._writer.take(run.folder, calm=run.remember is None)
        self._ending = False
        if run.remember is not None:
            threading.Thread(target=self._tell_id, args=[run.remember], name="tracking", daemon=True).start()

    def log(self, record: Record) -> None:
        """Writes one generation down."""
        self._journal.append(record.generation, record.metrics())

    def flush(self, *, last: bool = False) -> None:
        """Writes the journal to the disk; from there every point gets to the store, sometime."""
        self._journal.show()
        if last:
            self._writer.raise_priority()  # training is over
        self._writer.send(LAST if last else LOOK)  # now, for the trainer waits for the disk next: a processor is idle
        self._journal.flush()

    def finish(self, ending: Ending) -> Receipt:
        """Writes the end down, and waits until the store has everything or is found to be away."""
        self._journal.close()
        self._spool.end(ending, self._journal.now())
        began, said = time.monotonic(), False
        self._ending = True
        self._writer.raise_priority()  # somebody waits now
        self._writer.send(END)
        helped = False
        while True:
            code = self._writer.wait(_SILENCE)
            if code == 0 or (code is not None and helped):
                break
            if code is not None:
                helped = True  # it was killed, or gave its work up for one that is faster
                self._writer = WriterProcess()
                self._writer.take(self._run.folder, calm=False)
                self._writer.send(END)
                continue
            if not said:
                self._run.say(f"waiting until the run is recorded in {self._store}")
                said = True
            if not helped and time.monotonic() - began > _SLOW:
                self._writer.send(HAND_OVER)
        if ending.status is not Status.FINISHED:  # who stops a run wants to see nothing of it going on
            self._writer.wait_for_exit()
        return self._receipt()

    def _tell_id(self, remember: Callable[[str], None]) -> None:
        while True:
            with contextlib.suppress(SpoolError):
                stored_as = self._spool.read_stored_as()
                if stored_as is not None:
                    if not self._ending:
                        self._writer.lower_priority()
                    remember(stored_as.run_id)
                    return
            if self._writer.gone:
                return
            time.sleep(_LOOK)

    def _receipt(self) -> Receipt:
        try:
            upload = self._spool.read_receipt()
        except SpoolError:
            upload = None
        if upload is None:
            log = self._spool.folder / LOG
            problem = f"recording in {self._store} failed, see {log}; `{self._sync}` tries again"
            return Receipt(self._run.id, self._store, problems=[problem])
        hint = [] if upload.whole else [f"`{self._sync}` sends it when the store is there again"]
        run_id = upload.run_id or self._run.id
        return Receipt(run_id, self._store, self._served, [*upload.problems, *hint])


def request(
    run: Run,
    uri: str | None,
    experiment: str,
    *,
    tracked: bool = True,
    register: str | None = None,
    watch: float | None = None,
) -> Request:
    """Returns what there is to record of a run, by the process that computes it."""
    return Request(
        register=register,
        watch=watch,
        grouped=True,
        tracked=tracked,
        uri=uri,
        experiment=experiment,
        run=run.id,
        title=run.title,
        params=dict(run.params),
        config=dict(run.config),
        tags=dict(run.tags),
        inputs=dict(run.inputs),
        parent=run.parent,
        started=run.started or time.time(),
        process=process.own(),
        resumed=run.resumed,
    )
