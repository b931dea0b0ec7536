"""Sends a run's points to a remote store from a thread of its own.

The training thread only appends to the journal and to a queue, about a microsecond each. The thread connects, which
may take seconds, and sends what has queued up meanwhile in batches. On resume, what the store holds already is asked
for once, so that no (key, step) is written twice; what a kill kept from being sent comes from the journal.
"""

import queue
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from syntonic.tracking.base import Ending, Receipt, Record, Run, Status
from syntonic.tracking.journal import JOURNAL, Journal, Point

_WAIT: Final = 0.25  # seconds that points may wait for company
_HEAD_START: Final = (
    0.3  # seconds in which a short run is over before the store's client takes its share of the processor
)
_BATCH: Final = 1000  # points of one request; stores refuse more


class Remote(Protocol):
    """A run's record in a store, as the thread uses it."""

    id: str

    def describe(self) -> None:
        """Stores the parameters and where the run comes from."""
        ...

    def last_step(self, key: str) -> int:
        """Returns the newest step stored for a metric, 0 if there is none."""
        ...

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points, all or none of them."""
        ...

    def log_results(self, results: Mapping[str, float], step: int) -> None:
        """Stores the final metrics that are not stored yet."""
        ...

    def log_text(self, name: str, text: str) -> None:
        """Stores a text as a file."""
        ...

    def log_folder(self, name: str, folder: Path) -> None:
        """Stores the files of a folder."""
        ...

    def log_note(self, text: str) -> None:
        """Stores what a reader should see first."""
        ...

    def close(self, status: Status) -> None:
        """Ends the record."""
        ...


class Background:
    """The thread, its queue and the journal.

    Args:
        run: what is recorded.
        connect: opens the record; called on the thread.
        store: the store's address, for messages.
        served: whether a dashboard can be opened on it.
    """

    def __init__(self, run: Run, connect: Callable[[], Remote], store: str, *, served: bool) -> None:
        self._run = run
        self._connect = connect
        self._store, self._served = store, served
        self._journal_path = run.folder / JOURNAL
        self._journal = Journal(self._journal_path)
        self._backlog = self._journal.last_step
        self._queue: queue.SimpleQueue[Point | Ending] = queue.SimpleQueue()
        self._broken = threading.Event()
        self._ending = threading.Event()
        self._problems: list[str] = []
        self._id = run.id
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def log(self, record: Record) -> None:
        """Queues one generation."""
        point = self._journal.append(record.generation, record.metrics())
        if point is not None and not self._broken.is_set():
            self._queue.put(point)

    def flush(self) -> None:
        """Writes the journal to the disk; from there every point gets to the store, sent by this process or a later."""
        self._journal.flush()

    def finish(self, ending: Ending) -> Receipt:
        """Sends the rest, closes the record and waits until that is done."""
        self._queue.put(ending)
        self._ending.set()
        self._thread.join()
        self._journal.close()
        return Receipt(self._id, self._store, self._served, self._problems)

    def _work(self) -> None:
        try:
            self._ending.wait(_HEAD_START)
            remote = self._connect()
            self._id = remote.id
            self._attempt("where the run comes from", remote.describe)
            self._send(remote)
        except Exception as error:  # whatever the store's client raises must not reach the training
            self._broken.set()
            (self._run.folder / "tracking-error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            self._problems.append(f"{self._store}: {_short(error)}; every point is kept in {self._journal_path}")

    def _send(self, remote: Remote) -> None:
        mark: int | None = None
        batch: list[Point] = []
        for item in self._incoming():
            if isinstance(item, Point):
                if mark is None:
                    mark = remote.last_step(min(item.metrics)) if self._run.resumed and item.metrics else 0
                if item.step > mark:
                    batch.append(item)
            room = _BATCH - sum(len(point.metrics) for point in batch)
            if batch and (not isinstance(item, Point) or room < len(item.metrics)):
                remote.log_points(batch)
                batch = []
            if isinstance(item, Ending):
                self._end(remote, item)

    def _incoming(self) -> Iterator[Point | Ending | None]:
        # Points, and the ending last. None: nothing came for a while, so what was gathered should go out.
        for point in self._journal.points() if self._backlog else ():
            if point.step <= self._backlog:
                yield point
        while True:
            try:
                item = self._queue.get(timeout=_WAIT)
            except queue.Empty:
                yield None
                continue
            yield item
            if isinstance(item, Ending):
                return

    def _end(self, remote: Remote, ending: Ending) -> None:
        self._attempt("the final metrics", lambda: remote.log_results(ending.results, ending.step))
        for name, text in ending.texts.items():
            self._attempt(name, lambda: remote.log_text(name, text))  # noqa: B023 (called at once)
        for name, folder in ending.folders.items():
            self._attempt(name, lambda: remote.log_folder(name, folder))  # noqa: B023 (called at once)
        if ending.note:
            self._attempt("the note", lambda: remote.log_note(ending.note))
        remote.close(ending.status)

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        # One thing that cannot be stored must not keep the rest, and the true status, from being stored.
        try:
            action()
        except Exception as error:
            self._problems.append(f"{self._store} did not take {what}: {_short(error)}")


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
