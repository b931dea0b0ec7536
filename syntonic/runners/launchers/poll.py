"""Waits for runs that other processes carry out: the one place that asks whether to stop, and how long to wait then."""

import time
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from syntonic.runners.launchers.base import Stopped
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult

INTERVAL: Final = 0.1  # seconds between two questions whether to stop
GRACE: Final = 60.0  # seconds that a run has to write its checkpoint after the request to stop
FAR: Final = 120.0  # the same on machines whose disk takes its time to show what another machine has written


class Pool(Protocol):
    """Runs that are under way or wait for a place."""

    def busy(self) -> bool:
        """Returns whether a run is under way or waits."""
        ...

    def poll(self, seconds: float) -> Sequence[RunResult]:
        """Waits for ends, so many seconds at most, starts what there is room for, and returns what has ended."""
        ...

    def cancel(self) -> None:
        """Drops the runs that have not begun."""
        ...

    def close(self) -> None:
        """Ends every process that is left."""
        ...


def results(pool: Pool, folder: SweepFolder, stopped: Stopped, grace: float = GRACE) -> Iterator[RunResult]:
    """Yields the result of each run as it ends; when the iterator is closed, so is the pool.

    Args:
        pool: with the runs.
        folder: of the sweep, where the request to stop is put.
        stopped: whether to stop.
        grace: seconds that runs then have to end by themselves.
    """
    deadline: float | None = None
    try:
        while pool.busy():
            if deadline is None and stopped():
                folder.stop()
                pool.cancel()
                deadline = time.monotonic() + grace
            elif deadline is not None and time.monotonic() > deadline:
                return
            yield from pool.poll(INTERVAL)
    finally:
        pool.close()
