"""The process that brings a run to its store, as the process that trains holds it."""

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
from pathlib import Path
from typing import Final

END: Final = b"e"  # the run has ended
HAND_OVER: Final = b"h"  # another process shall finish the work
LOOK: Final = b"l"  # there is something new in the run's folder
LAST: Final = b"g"  # the last generation is there, and perhaps its checkpoint
DONE: Final = b"d"  # what it says itself: the store has everything, or will not have it now
LOG: Final = "writer.log"
_MODEST: Final = 10  # of the system's priorities, of which 0 is the ordinary one and 19 the lowest
_TIDY: Final = 5.0  # seconds for which its end is waited for
_SCRIPT: Final = "import sys; sys.path.append(sys.argv.pop(1)); from syntonic.tracking.writer import main; main()"

# They have told that they are done and will tidy up, which takes a tenth of a second that no one waits for. The
# pipe to each stays open, as a bare handle that is not closed at exit, so that they begin when this process is gone.
_leaving: Final[dict["subprocess.Popen[bytes]", int]] = {}


@atexit.register
def _leave_them() -> None:
    for process in _leaving:
        if process.poll() is None:
            process.returncode = 0  # the system looks after it from now on; Python would complain


# One that was started before it was known whether there would be a run.
_ahead: Final[list["WriterProcess"]] = []


def start_ahead() -> None:
    """Starts the process of a run that may come, while its config is still being read: one processor is idle then."""
    with contextlib.suppress(OSError):
        _ahead.append(WriterProcess())
        os.setpriority(os.PRIO_PROCESS, _ahead[-1].pid, _MODEST)  # on a machine without idle time the run comes first


def dismiss_ahead() -> None:
    """Ends that process if no run has taken it."""
    while _ahead:
        _ahead.pop().dismiss()


def first() -> "WriterProcess":
    """Returns the process that was started ahead, or a new one.

    Raises:
        OSError: if there is none and none can be started.
    """
    return _ahead.pop() if _ahead else WriterProcess()


class WriterProcess:
    """A process that waits for the name of a run's folder, and then for commands about the run.

    It can be started before there is a folder: while the trainer still prepares itself, one processor is idle. Without
    a folder it leaves nothing behind, and it ends when it is dismissed or this process ends.
    """

    def __init__(self) -> None:
        # `-P`: the working folder may hold files of any name, and none of them is to be imported. The package is found
        # where this process found it. A process group of its own keeps Ctrl-C for the trainer.
        root = str(Path(__file__).parents[2])
        command = [sys.executable, "-P", "-c", _SCRIPT, root]
        for process in [process for process in _leaving if process.poll() is not None]:
            os.close(_leaving.pop(process))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, bufsize=0, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, process_group=0
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def take(self, folder: Path, *, calm: bool) -> None:
        """Gives it the run's folder; from now on what goes wrong with it stands in `LOG` there.

        Args:
            folder: of the run.
            calm: whether it is to take idle time only, because the run is going on.
        """
        if calm:
            self._prioritize(calm=True)
        self.send(json.dumps(str(folder.resolve())).encode() + b"\n")

    def send(self, command: bytes) -> None:
        """Sends it a command; one that has ended gets none, its exit code tells how it ended."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command)

    def raise_priority(self) -> None:
        """Gives it ordinary priority, if that is allowed: somebody waits."""
        self._prioritize(calm=False)

    def lower_priority(self) -> None:
        """Has it take idle time only: the trainer does not wait any more."""
        self._prioritize(calm=True)

    def wait(self, timeout: float) -> int | None:
        """Waits for the end of its work, so many seconds at most.

        Returns:
            Its exit code, 0 if it has told that it is done; None if it still runs.
        """
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                return None
        said = self._process.stdout.read(1)
        if said == DONE:
            assert self._process.stdin is not None
            _leaving[self._process] = os.dup(self._process.stdin.fileno())
        self._hang_up()
        return 0 if said == DONE else self._process.wait()

    def wait_for_exit(self) -> None:
        """Has it tidy up at once, and waits until nothing is left of it."""
        if self._process in _leaving:
            os.close(_leaving.pop(self._process))
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_TIDY)

    def dismiss(self) -> None:
        """Ends it, if it has got no folder yet."""
        self._process.kill()  # it holds nothing, and may wait for a large repository's git
        self._hang_up()
        self._process.wait()

    def _hang_up(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _prioritize(self, *, calm: bool) -> None:
        # Linux has a class below all priorities, whose processes give way at once when another one wakes up. Who is not
        # privileged cannot raise a priority again; then `HAND_OVER` helps on a machine that has no idle time.
        with contextlib.suppress(OSError):
            if sys.platform == "linux":
                os.sched_setscheduler(self.pid, os.SCHED_IDLE if calm else os.SCHED_OTHER, os.sched_param(0))
            if sys.platform != "linux" or not calm:
                os.setpriority(os.PRIO_PROCESS, self.pid, 19 if calm else 0)
