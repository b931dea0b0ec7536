"""Runs side by side on this machine: as many places as were asked for, each a process that takes run after run.

A place's environment is set once: its threads, and the GPU that it sees. A process that dies takes one run with it, and
the next run of its place gets a new one.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.core.status import Status
from syntonic.runners.launchers.base import Stopped, shared_out, with_threads
from syntonic.runners.launchers.poll import results
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec


@register("launcher", "local")
class Local:
    """Carries out runs in processes of their own.

    Args:
        parallel: places; None: one for each GPU, or two if there is none to share out.
        threads: of each place; None: the cores, shared out.
        gpus: numbers of the GPUs; each place sees one of them. None: the environment stays as it is.
    """

    away: Final = True

    def __init__(
        self,
        parallel: int | None,
        *,
        threads: Annotated[int, Ge(1)] | None = None,
        gpus: tuple[Annotated[int, Ge(0)], ...] | None = None,
    ) -> None:
        self.places: Final = parallel or len(gpus or ()) or min(2, os.cpu_count() or 1)
        self._threads = threads or shared_out(self.places)
        self._gpus = gpus or ()

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields results as runs end."""
        environments = [self._environment(place) for place in range(min(self.places, len(specs)))]
        pool = _Pool([with_threads(spec, self._threads) for spec in specs], environments)
        yield from results(pool, folder, stopped)

    def _environment(self, place: int) -> dict[str, str]:
        paths = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        own = {"PYTHONPATH": paths, "OMP_NUM_THREADS": str(self._threads)}
        if self._gpus:
            own["CUDA_VISIBLE_DEVICES"] = str(self._gpus[place % len(self._gpus)])
        return {**os.environ, **own}


class _Pool:
    # The places, each with a thread of its own, and what lies between them and the sweep.

    def __init__(self, specs: Sequence[dict[str, Any]], environments: Sequence[dict[str, str]]) -> None:
        self._waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        for spec in specs:
            self._waiting.put(spec)
        self._ended: queue.SimpleQueue[RunResult | None] = queue.SimpleQueue()
        self._places = [_Place(environment, self._waiting, self._ended) for environment in environments]
        self._working = len(self._places)

    def busy(self) -> bool:
        return self._working > 0

    def poll(self, seconds: float) -> list[RunResult]:
        try:
            result = self._ended.get(timeout=seconds)
        except queue.Empty:
            return []
        self._working -= result is None
        return [] if result is None else [result]

    def cancel(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()

    def close(self) -> None:
        for place in self._places:
            place.end()


class _Place:
    # A thread that feeds one process after another; it ends when nothing is waiting.

    def __init__(
        self,
        environment: dict[str, str],
        waiting: "queue.SimpleQueue[dict[str, Any]]",
        ended: "queue.SimpleQueue[RunResult | None]",
    ) -> None:
        self._environment, self._waiting, self._ended = environment, waiting, ended
        self._process: subprocess.Popen[str] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="place", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._closing = True
        process = self._process
        if process is not None:
            process.kill()
        self._thread.join()

    def _work(self) -> None:
        try:
            while not self._closing:
                self._ended.put(self._carry_out(self._waiting.get_nowait()))
        except queue.Empty:
            pass
        finally:
            self._part()
            self._ended.put(None)

    def _carry_out(self, spec: dict[str, Any]) -> RunResult:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(spec) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the reason comes with the exit code
        answer = process.stdout.readline()
        if answer:
            return RunResult(**json.loads(answer))
        code = self._part()
        reason = f"its process ended by {signal.Signals(-code).name}" if code < 0 else f"its process ended with {code}"
        return RunResult(spec["number"], Status.KILLED if self._closing else Status.FAILED, reason=reason, exit_code=1)

    def _part(self) -> int:
        # Closes the pipes, which ends a process that waits for work, and returns its exit code.
        process, self._process = self._process, None
        if process is None:
            return 0
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):  # of a process that has died
                assert pipe is not None
                pipe.close()
        return process.wait()

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            # A session of its own: Ctrl-C is answered by the sweep, which tells its runs to end in an orderly way.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "syntonic.runners.launchers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=self._environment,
                start_new_session=True,
            )
        return self._process
