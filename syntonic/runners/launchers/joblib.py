"""Runs side by side in joblib's pool of processes (loky), for those who have it set up already."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.launchers.base import Stopped, shared_out, with_threads
from syntonic.runners.launchers.futures import results
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec

_GLANCE: Final = 0.1  # seconds between two looks at whether the sweep's process is still there
_BUSY: Final = threading.Lock()  # held while this process carries out a run


@register("launcher", "joblib")
class Joblib:
    """Carries out runs in joblib's reusable pool.

    Args:
        parallel: processes; None: two.
        threads: of each run; None: the cores, shared out.
    """

    away: Final = True

    def __init__(self, parallel: int | None, *, threads: Annotated[int, Ge(1)] | None = None) -> None:
        self.places: Final = parallel or min(2, os.cpu_count() or 1)
        self._threads = threads or shared_out(self.places)

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields results as runs end."""
        from joblib.externals.loky import get_reusable_executor

        workers = min(self.places, len(specs))
        pool = get_reusable_executor(max_workers=workers, initializer=_end_with, initargs=(os.getpid(),))
        try:
            futures = {pool.submit(_execute, with_threads(spec, self._threads)): spec.number for spec in specs}
            yield from results(futures, folder, stopped)
        finally:
            pool.shutdown(wait=True, kill_workers=True)


def _execute(plain: dict[str, Any]) -> dict[str, Any]:
    with _BUSY:
        return execute_away(plain)


def _end_with(sweep: int) -> None:
    # A process of the pool would wait for work, for minutes, from a sweep that was killed outright.
    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(_GLANCE)
        with _BUSY:  # a run writes its checkpoint first
            os._exit(1)

    threading.Thread(target=watch, name="pool", daemon=True).start()
