"""A run's points as one line of JSON per generation: what was measured survives whatever happens to the tracker.

Every line is written once. A resumed run computes the generations after its checkpoint again, to the same bits; those
that the journal holds already are passed over. Another process may read the journal while it grows.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syntonic.tracking.fallback import fallback_folder

JOURNAL: Final = "journal.jsonl"  # its name in a run's folder
_FRESH: Final = 0.2  # seconds after which a line must be visible to readers
_LONGEST_LINE: Final = 1 << 20  # bytes; a generation has a few hundred
_FEW: Final = 4096  # bytes in which lines are looked at one by one
_LONGEST_KEY: Final = 250  # characters, which is what stores take
_DECODE: Final = json.JSONDecoder().decode


@dataclass(frozen=True)
class Point:
    """One generation: `step` from 1, `time` in milliseconds since 1970."""

    step: int
    time: int
    metrics: Mapping[str, float]


class Journal:
    """Appends points to a file; `last_step` is the newest one.

    A line that the disk refuses is kept in memory and offered to it again.

    Args:
        path: the file; continued if it is there, after what a kill left of a half-written line is cut off.
        since: when the run was started, seconds since 1970; no point is of an earlier moment.
    """

    def __init__(self, path: Path, since: float = 0.0) -> None:
        self._path = path
        self.last_step = 0
        self._latest = int(since * 1000)
        tail = Tail(path)
        for point in tail.new():
            self.last_step, self._latest = point.step, max(self._latest, point.time)
        self._ahead = time.time() - time.monotonic()
        self._file = path.open("ab", buffering=0)
        self._file.truncate(tail.position)
        self._waiting = bytearray()  # lines that are not in the file yet
        self._written = -_FRESH

    def now(self) -> int:
        """Returns the time in milliseconds since 1970, never less than before: a clock may be set back during a run."""
        self._latest = max(self._latest, int((self._ahead + time.monotonic()) * 1000))
        return self._latest

    def append(self, step: int, metrics: Mapping[str, float]) -> Point | None:
        """Adds a generation and returns its point, None if the journal holds it already."""
        if step <= self.last_step:
            return None
        point = Point(step, self.now(), metrics)
        self._waiting += f'{_head(step)}"time": {point.time}, "metrics": {json.dumps(metrics)}}}\n'.encode()
        self.last_step = step
        now = time.monotonic()
        if now - self._written >= _FRESH:
            self._written = now
            with contextlib.suppress(OSError):
                self._write()
        return point

    def points(self) -> Iterator[Point]:
        """Yields every point, oldest first."""
        self._write()
        return Tail(self._path).new()

    def show(self) -> None:
        """Makes every line visible to readers, if the disk takes them."""
        with contextlib.suppress(OSError):
            self._write()

    def flush(self) -> None:
        """Brings every line to the disk itself, if it takes them."""
        with contextlib.suppress(OSError):
            self._write()
            os.fsync(self._file.fileno())

    def leave(self) -> None:
        """Closes the file without waiting for the disk."""
        with contextlib.suppress(OSError):
            self._write()
        self._file.close()

    def close(self) -> None:
        """Flushes and closes the file; if the disk does not take the rest, all of it is saved elsewhere.

        Raises:
            OSError: if it cannot be written there either.
        """
        if self._file.closed:
            return
        try:
            self._write()
            os.fsync(self._file.fileno())
        except OSError:
            whole = self._path.read_bytes() + self._waiting
            (fallback_folder(self._path.parent.name) / JOURNAL).write_bytes(whole)
        finally:
            self._file.close()

    def _write(self) -> None:
        while self._waiting:
            del self._waiting[: self._file.write(self._waiting)]


class Tail:
    """Reads a journal that may still be growing.

    Attributes:
        position: bytes that were read; what lies behind them is new, or no whole line.

    Args:
        path: the file, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.position = 0

    def new(self) -> Iterator[Point]:
        """Yields the points that were written since the last call, up to the first line that is none."""
        if not self._path.is_file():
            return
        with self._path.open("rb") as lines:
            lines.seek(self.position)
            while line := lines.readline(_LONGEST_LINE):
                point = _point(line)
                if point is None:
                    return
                self.position += len(line)
                yield point

    def find(self, step: int) -> Point | None:
        """Returns the point of a step, None if it is not there; position stays as it is.

        Steps rise from line to line, so that a long journal is halved again and again and not read.
        """
        if not self._path.exists():
            return None
        with self._path.open("rb") as lines:
            low, high = 0, lines.seek(0, os.SEEK_END)
            while high - low > _FEW:
                middle = (low + high) // 2
                lines.seek(middle)
                lines.readline(_LONGEST_LINE)
                point = _point(lines.readline(_LONGEST_LINE))
                if point is not None and point.step <= step:
                    low = middle
                else:
                    high = middle
            lines.seek(low)
            if low:
                lines.readline(_LONGEST_LINE)
            head = _head(step).encode()
            while line := lines.readline(_LONGEST_LINE):
                if line.startswith(head):
                    return _point(line)
                if low and lines.tell() > high + _LONGEST_LINE:
                    return None
        return None


def _head(step: int) -> str:
    return f'{{"step": {step}, '


def _point(line: bytes) -> Point | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = _DECODE(str(line, "utf-8"))
        step, moment = entry["step"], entry["time"]
        if not all(type(number) is int and 0 <= number < 1 << 63 for number in (step, moment)):
            return None
        metrics = entry["metrics"]
        kinds = set(map(type, metrics.values()))
        if not kinds <= {int, float} or "" in metrics or max(map(len, metrics), default=0) > _LONGEST_KEY:
            return None
        return Point(step, moment, metrics if int not in kinds else {key: float(metrics[key]) for key in metrics})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
