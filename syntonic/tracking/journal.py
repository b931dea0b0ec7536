"""A run's points as one line of JSON per generation: what was measured survives whatever happens to the tracker.

Every line is written once. A resumed run computes the generations after its checkpoint again, to the same bits; those
that the journal holds already are passed over.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

JOURNAL: Final = "journal.jsonl"  # its name in a run's folder


@dataclass(frozen=True)
class Point:
    """One generation: `step` from 1, `time` in milliseconds since 1970."""

    step: int
    time: int
    metrics: Mapping[str, float]


class Journal:
    """Appends points to a file; `last_step` is the newest one that it holds.

    Args:
        path: the file; continued if it is there, after what a kill left of a half-written line is cut off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.last_step = 0
        end = 0
        for point, after in _scan(path):
            self.last_step, end = point.step, after
        self._file: IO[bytes] = path.open("ab")
        self._file.truncate(end)

    def append(self, step: int, metrics: Mapping[str, float]) -> Point | None:
        """Adds a generation and returns its point, None if the journal holds it already."""
        if step <= self.last_step:
            return None
        point = Point(step, time.time_ns() // 1_000_000, metrics)
        line = json.dumps({"step": step, "time": point.time, "metrics": dict(metrics)})
        self._file.write(line.encode() + b"\n")
        self.last_step = step
        return point

    def points(self) -> Iterator[Point]:
        """Yields every point that the file holds, oldest first."""
        self._file.flush()
        for point, _ in _scan(self._path):
            yield point

    def flush(self) -> None:
        """Writes what is buffered to the disk itself."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Flushes and closes the file."""
        if not self._file.closed:
            self.flush()
            self._file.close()


def _scan(path: Path) -> Iterator[tuple[Point, int]]:
    # Yields each point and where its line ends, up to the first line that is not whole.
    if not path.exists():
        return
    end = 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
                point = Point(int(entry["step"]), int(entry["time"]), entry["metrics"])
            except (ValueError, KeyError, TypeError):
                return
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield point, end
