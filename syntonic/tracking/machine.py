"""What the machine does during a run: processors, memory, GPUs, and the run's own process.

The names are those of MLflow's system metrics, so that its page for them shows them. They are sampled by the process
that writes to the store, never by the one that trains, and kept in a journal of their own.
Source of the numbers: Linux, `proc(5)`; elsewhere only GPUs are looked at.
"""

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from syntonic.tracking.gpus import Gpus, gpus
from syntonic.tracking.journal import Journal

SYSTEM: Final = "system/"  # how the names of these metrics begin
JOURNAL: Final = "system.jsonl"
_MEGABYTE: Final = 1e6
_MOMENT: Final = 0.1  # seconds that a share of time must be of: the system counts in hundredths


class Machine:
    """Counters of this machine and of one process of it.

    Args:
        pid: the process's number.
    """

    def __init__(self, pid: int) -> None:
        self._process = Path("/proc", str(pid))
        self._gpus: Gpus | None = gpus()
        self._before = self._times()

    def sample(self) -> Mapping[str, float]:
        """Returns what was found; shares of time are since the last call, or since this object was made."""
        found: dict[str, float] = {}
        before, self._before = self._before, self._times()
        moment, busy, spent = (now - then for now, then in zip(self._before, before, strict=True))
        if moment > _MOMENT:
            found["cpu_utilization_percentage"] = min(100.0, 100 * busy / moment / (os.cpu_count() or 1))
            found["process_cpu_percentage"] = 100 * spent / moment
        with contextlib.suppress(OSError, KeyError, ValueError):
            lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
            sizes = {name: 1024 * int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
            used = sizes["MemTotal"] - sizes["MemAvailable"]
            found["system_memory_usage_megabytes"] = used / _MEGABYTE
            found["system_memory_usage_percentage"] = 100 * used / sizes["MemTotal"]
        with contextlib.suppress(OSError, ValueError):
            pages = int((self._process / "statm").read_text(encoding="ascii").split()[1])
            found["process_memory_megabytes"] = pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
        if self._gpus is not None:
            found.update(self._gpus.sample())
        return {f"{SYSTEM}{name}": value for name, value in found.items()}

    def _times(self) -> tuple[float, float, float]:
        # Seconds: now, of all processors at work, of the process.
        try:
            ticks = [int(word) for word in _first_line("/proc/stat").split()[1:9]]
            own = _first_line(self._process / "stat").rpartition(")")[2].split()
        except (OSError, ValueError):
            return 0.0, 0.0, 0.0
        idle, second = ticks[3] + ticks[4], os.sysconf("SC_CLK_TCK")
        return time.monotonic(), (sum(ticks) - idle) / second, (int(own[11]) + int(own[12])) / second


class Watch:
    """Looks at the machine every few seconds and writes down what it sees.

    Args:
        folder: where the journal of it lies.
        pid: of the process that trains.
        every: seconds between two looks.
    """

    def __init__(self, folder: Path, pid: int, every: float) -> None:
        self._journal = Journal(folder / JOURNAL)
        self._machine = Machine(pid)
        self._every = every
        self._next = time.monotonic() + every

    def rest(self) -> float:
        """Returns the seconds until the next look."""
        return max(0.0, self._next - time.monotonic())

    def look(self, *, last: bool = False) -> None:
        """Takes a sample if it is time; `last`: whether or not it is, because the run has ended."""
        if last or time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._journal.append(self._journal.last_step + 1, self._machine.sample())
        if last:
            self._journal.leave()


def _first_line(path: str | Path) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.readline()
