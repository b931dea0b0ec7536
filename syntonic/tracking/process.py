"""Names a process so that it can be told from a later one with the same number, on this machine and after a restart."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Identity:
    """A process.

    Attributes:
        host: the machine's name.
        boot: the id of the machine's last start; empty where the system does not tell.
        pid: the process's number.
        started: when it started, in the clock ticks of `/proc`; empty where there is none.
    """

    host: str
    boot: str
    pid: int
    started: str

    def alive(self) -> bool | None:
        """Returns whether the process still runs; None if it is of another machine, which cannot be asked."""
        if self.host != platform.node():
            return None
        if self.boot != _boot():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except (PermissionError, OverflowError):
            pass
        return _started(self.pid) == self.started


def own() -> Identity:
    """Returns the identity of this process."""
    return Identity(platform.node(), _boot(), os.getpid(), _started(os.getpid()))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    # The 22nd field; the second, the name, may hold blanks and brackets.
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state[0] == "Z" else state[19]
