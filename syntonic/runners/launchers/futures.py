"""Waits for runs that somebody else carries out, through futures as `concurrent.futures` has them."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from typing import Any, Final

from syntonic.runners.launchers.base import Stopped
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult

_GLANCE: Final = 0.1  # seconds between two looks at whether to stop
_GRACE: Final = 60.0  # seconds that a run has to write its checkpoint after the sign to stop


def results(
    futures: Mapping["Future[dict[str, Any]]", int], folder: SweepFolder, stopped: Stopped
) -> Iterator[RunResult]:
    """Yields the result of each future as it is done.

    Args:
        futures: of `execute_away`, with the number of the run.
        folder: of the sweep, where the sign to stop is put.
        stopped: whether to stop.
    """
    open_ones = set(futures)
    deadline: float | None = None
    while open_ones:
        if deadline is None and stopped():
            folder.stop()
            for future in open_ones:
                future.cancel()
            deadline = time.monotonic() + _GRACE
        if deadline is not None and time.monotonic() > deadline:
            return
        done, open_ones = wait(open_ones, timeout=_GLANCE)
        for future in sorted(done, key=lambda each: futures[each]):
            try:
                yield RunResult(**future.result())
            except CancelledError:
                continue
            except Exception as error:  # the pool's own: a process that died, a result that did not arrive
                yield RunResult(futures[future], "FAILED", reason=f"{type(error).__name__}: {error}", exit_code=1)
