"""Runs side by side in joblib's pool of processes (loky), for those who have it set up already."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.base import Stopped, shared_out, with_threads
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.launchers.poll import INTERVAL, results
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec

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
        """Yields results as runs end.

        Raises:
            RequestError: if the pool cannot be started.
        """
        try:
            pool = _Pool(specs, self.places, self._threads)
        except (OSError, ImportError) as error:  # no place for its semaphores, /dev/shm on Linux
            reason = f"its pool cannot be started: {error}; hydra/launcher=local needs none"
            raise RequestError([f"hydra/launcher=joblib: {reason}"]) from error
        yield from results(pool, folder, stopped)


class _Pool:
    # joblib's executor, and a future for each run.

    def __init__(self, specs: Sequence[RunSpec], places: int, threads: int) -> None:
        from joblib.externals.loky import get_reusable_executor

        workers = min(places, len(specs))
        self._executor = get_reusable_executor(max_workers=workers, initializer=_end_with, initargs=(os.getpid(),))
        self._left: dict[Future[dict[str, Any]], int] = {
            self._executor.submit(_execute, with_threads(spec, threads)): spec.number for spec in specs
        }

    def busy(self) -> bool:
        return bool(self._left)

    def poll(self, seconds: float) -> list[RunResult]:
        done, _ = wait(self._left, timeout=seconds)
        ended = []
        for future in sorted(done, key=lambda each: self._left[each]):
            number = self._left.pop(future)
            try:
                ended.append(RunResult(**future.result()))
            except CancelledError:
                continue
            except Exception as error:  # the pool's own: a process that died, a result that did not arrive
                reason = f"{type(error).__name__}: {error}"
                ended.append(RunResult.failed(number, reason))
        return ended

    def cancel(self) -> None:
        for future in self._left:
            future.cancel()

    def close(self) -> None:
        self._executor.shutdown(wait=True, kill_workers=True)


def _execute(plain: dict[str, Any]) -> dict[str, Any]:
    with _BUSY:
        return execute_away(plain)


def _end_with(sweep: int) -> None:
    # A process of the pool would wait for work, for minutes, from a sweep that was killed outright.
    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(INTERVAL)
        with _BUSY:  # a run writes its checkpoint first
            os._exit(1)

    threading.Thread(target=watch, name="pool", daemon=True).start()
