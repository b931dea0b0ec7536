"""Runs as tasks of a Ray cluster that somebody has started; its nodes must see the folder of the runs.

Ray itself lives in a process and a session of its own (`ray_driver.py`): it takes over signals, and its threads outlive
the wish to end. That process ends when this one does, however that happens.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.base import Stopped, with_threads
from syntonic.runners.launchers.extras import require
from syntonic.runners.launchers.poll import FAR, results
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec


@register("launcher", "ray")
class Ray:
    """Carries out each run as a task. A run whose node is lost resumes elsewhere, from its last checkpoint.

    Args:
        parallel: tasks at a time; None: eight.
        address: of the cluster, `host:port`; auto: the one that this machine belongs to.
        threads: cores of each task; None: one.
        gpus: GPUs of each task.

    Raises:
        ValueError: if Ray is not installed.
    """

    away: Final = True

    def __init__(
        self,
        parallel: int | None,
        *,
        address: str = "auto",
        threads: Annotated[int, Ge(1)] | None = None,
        gpus: Annotated[float, Ge(0)] = 0.0,
    ) -> None:
        require("ray")
        self.places: Final = parallel or 8
        self._address, self._threads, self._gpus = address, threads or 1, gpus

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields results as tasks end.

        Raises:
            RequestError: if the cluster cannot be reached.
        """
        pool = _Pool(self._driver(specs), {spec.number for spec in specs}, self._address)
        yield from results(pool, folder, stopped, FAR)

    def _driver(self, specs: Sequence[RunSpec]) -> "subprocess.Popen[str]":
        paths = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        driver = subprocess.Popen(
            [sys.executable, "-P", "-m", "syntonic.runners.launchers.ray_driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,
        )
        order = {
            "address": self._address,
            "threads": self._threads,
            "gpus": self._gpus,
            "places": self.places,
            "specs": [with_threads(spec, self._threads) for spec in specs],
        }
        assert driver.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the reader sees that it has died
            driver.stdin.write(json.dumps(order) + "\n")
            driver.stdin.flush()
        return driver


class _Pool:
    # The driver's process: its answers come through a thread that reads them.

    def __init__(self, driver: "subprocess.Popen[str]", left: set[int], address: str) -> None:
        self._driver, self._left, self._address = driver, left, address
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="ray", daemon=True)
        self._reader.start()
        self._connected = self._cancelled = False

    def busy(self) -> bool:
        return bool(self._left)

    def poll(self, seconds: float) -> list[RunResult]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            return []
        if answer is None:
            lost, self._left = ([] if self._cancelled else sorted(self._left)), set()
            reason = "the process that asked Ray for it has died"
            return [RunResult.failed(number, reason) for number in lost]
        if "fault" in answer:
            raise RequestError([f"hydra.launcher.address={self._address}: {answer['fault']}"])
        self._connected = True
        if "connected" in answer:
            return []
        result = RunResult(**answer)
        self._left.discard(result.number)
        return [result]

    def cancel(self) -> None:
        self._cancelled = True
        if not self._connected:  # no run has begun
            self._left.clear()

    def close(self) -> None:
        # A closed pipe tells the driver to leave the cluster, which ends what is left of its tasks.
        assert self._driver.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._driver.stdin.close()
        try:
            self._driver.wait(FAR)
        except subprocess.TimeoutExpired:
            self._driver.kill()  # the cluster sees that it is gone
            self._driver.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            self._answers.put(json.loads(line))
        self._answers.put(None)
