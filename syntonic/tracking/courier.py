"""The trainer's side of tracking: it writes the journal, and has another process bring it to the store.

The training process writes a line per generation and nothing else. The other process runs at the lowest priority, so
that it takes idle time only, and ends by itself when the trainer has ended, however that came about.
"""

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import syntonic
from syntonic.tracking import process
from syntonic.tracking.base import Ending, Receipt, Record, Run
from syntonic.tracking.journal import JOURNAL, Journal
from syntonic.tracking.outbox import Outbox, OutboxError, Request

END: Final = b"e"  # the run has ended
HAND_OVER: Final = b"h"  # another process shall finish the work
LOG: Final = "writer.log"
_LOOK: Final = 0.05  # seconds between two looks whether the store has a record of the run
_SILENCE: Final = 1.5  # seconds of waiting at the end of which nothing is said
_SLOW: Final = 3.0  # seconds after which a writer of low priority gets a helper of ordinary priority
_SCRIPT: Final = "import sys; sys.path.append(sys.argv.pop(1)); from syntonic.tracking.writer import main; main()"


class Courier:
    """The journal of a run and the process that reads it.

    Args:
        run: what is recorded.
        asked: what there is to record of it.
        store: the store's address, for messages.
        served: whether a dashboard can be opened on it.
    """

    def __init__(self, run: Run, asked: Request, store: str, *, served: bool) -> None:
        self._run, self._store, self._served = run, store, served
        self._journal = Journal(run.folder / JOURNAL)
        self._outbox = Outbox(run.folder)
        self._outbox.begin(asked)
        if run.provenance is not None:
            self._outbox.origin(run.provenance())
        self._writer = _start(run.folder, calm=True)
        if run.remember is not None:
            threading.Thread(target=self._tell_id, args=[run.remember], name="tracking", daemon=True).start()

    def log(self, record: Record) -> None:
        """Writes one generation down."""
        self._journal.append(record.generation, record.metrics())

    def flush(self) -> None:
        """Writes the journal to the disk; from there every point gets to the store, sometime."""
        self._journal.flush()

    def finish(self, ending: Ending) -> Receipt:
        """Writes the end down, and waits until the store has everything or is found to be away."""
        self._journal.close()
        self._outbox.end(ending, time.time_ns() // 1_000_000)
        began, said = time.monotonic(), False
        _prioritize(self._writer.pid, calm=False)  # somebody waits now
        _tell(self._writer, END)
        helped = False
        while True:
            if _ended(self._writer, _SILENCE):
                code = self._writer.wait()
                _hang_up(self._writer)
                if code == 0 or helped:
                    break
                helped = True  # it was killed, or gave its work up for one that is faster
                self._writer = _start(self._run.folder, calm=False)
                _tell(self._writer, END)
                continue
            if not said:
                self._run.say(f"waiting until the run is recorded in {self._store}")
                said = True
            if not helped and time.monotonic() - began > _SLOW:
                _tell(self._writer, HAND_OVER)
        return self._receipt()

    def _tell_id(self, remember: Callable[[str], None]) -> None:
        while True:
            with contextlib.suppress(OutboxError):
                filed = self._outbox.read_filed()
                if filed is not None:
                    remember(filed.run_id)
                    return
            if self._writer.poll() is not None:
                return
            time.sleep(_LOOK)

    def _receipt(self) -> Receipt:
        try:
            delivered = self._outbox.read_receipt()
        except OutboxError:
            delivered = None
        if delivered is None:
            log = self._outbox.folder / LOG
            problem = f"recording in {self._store} failed, see {log}; `syntonic-run sync` tries again"
            return Receipt(self._run.id, self._store, problems=[problem])
        hint = [] if delivered.whole else ["`syntonic-run sync` sends it when the store is there again"]
        run_id = delivered.run_id or self._run.id
        return Receipt(run_id, self._store, self._served, [*delivered.problems, *hint])


def request(
    run: Run, uri: str | None, experiment: str, *, tracked: bool = True, register: str | None = None
) -> Request:
    """Returns what there is to record of a run, by the process that computes it."""
    return Request(
        register=register,
        tracked=tracked,
        uri=uri,
        experiment=experiment,
        run=run.id,
        title=run.title,
        params=dict(run.params),
        config=dict(run.config),
        tags=dict(run.tags),
        parent=run.parent,
        started=run.started or time.time(),
        process=process.own(),
        resumed=run.resumed,
    )


def _start(folder: Path, *, calm: bool) -> "subprocess.Popen[bytes]":
    # `-P`: the working folder may hold files of any name, and none of them is to be imported. The package is found
    # where this process found it. A process group of its own keeps Ctrl-C for the trainer.
    root = str(Path(syntonic.__file__).parent.parent)
    words = [sys.executable, "-P", "-c", _SCRIPT, root, str(folder.resolve())]
    with (folder / "tracking" / LOG).open("ab") as log:
        writer = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=log, stderr=log, process_group=0, env={**os.environ}
        )
    if calm:
        _prioritize(writer.pid, calm=True)
    return writer


def _prioritize(pid: int, *, calm: bool) -> None:
    # Linux has a class below all priorities, whose processes give way at once when another one wakes up. Who is not
    # privileged cannot raise a priority again; then `HAND_OVER` helps on a machine that has no idle time.
    with contextlib.suppress(OSError):
        if sys.platform == "linux":
            os.sched_setscheduler(pid, os.SCHED_IDLE if calm else os.SCHED_OTHER, os.sched_param(0))
        else:
            os.setpriority(os.PRIO_PROCESS, pid, 19 if calm else 0)


def _ended(process: "subprocess.Popen[bytes]", patience: float) -> bool:
    # `wait` with a timeout looks every 50 ms; Linux can tell at once.
    if sys.platform == "linux":
        with contextlib.suppress(OSError), selectors.DefaultSelector() as selector:
            handle = os.pidfd_open(process.pid)
            try:
                selector.register(handle, selectors.EVENT_READ)
                return bool(selector.select(patience))
            finally:
                os.close(handle)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    return process.returncode is not None


def _hang_up(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _tell(process: "subprocess.Popen[bytes]", word: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already; its exit code tells how
        process.stdin.write(word)
        process.stdin.flush()
