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
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.base import Stopped, with_threads
from syntonic.runners.launchers.extras import require
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec

_GLANCE: Final = 0.1  # seconds between two looks at whether to stop
_GRACE: Final = 120.0  # seconds that runs have to write their checkpoints after the sign to stop


@register("launcher", "ray")
class Ray:
    """Carries out each run as a task. A run whose node is lost goes on elsewhere, from its last checkpoint.

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
        missing = {spec.number for spec in specs}
        driver = self._driver(specs)
        answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(driver, answers), name="ray", daemon=True)
        reader.start()
        deadline: float | None = None
        connected = False
        try:
            while missing and (deadline is None or time.monotonic() < deadline):
                if deadline is None and stopped():
                    folder.stop()
                    if not connected:
                        return
                    deadline = time.monotonic() + _GRACE
                try:
                    answer = answers.get(timeout=_GLANCE)
                except queue.Empty:
                    continue
                if answer is None:
                    break
                connected = True
                if "connected" in answer:
                    continue
                if "fault" in answer:
                    raise RequestError([f"hydra.launcher.address={self._address}: {answer['fault']}"])
                result = RunResult(**answer)
                missing.discard(result.number)
                yield result
            if deadline is None:
                for number in sorted(missing):
                    yield RunResult(number, "FAILED", reason="the process that asked Ray for it has died", exit_code=1)
        finally:
            _end(driver, reader)

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


def _read(driver: "subprocess.Popen[str]", answers: "queue.SimpleQueue[dict[str, Any] | None]") -> None:
    assert driver.stdout is not None
    for line in driver.stdout:
        answers.put(json.loads(line))
    answers.put(None)


def _end(driver: "subprocess.Popen[str]", reader: threading.Thread) -> None:
    # A closed pipe tells the driver to leave the cluster, which ends what is left of its tasks.
    assert driver.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        driver.stdin.close()
    try:
        driver.wait(_GRACE)
    except subprocess.TimeoutExpired:
        driver.kill()  # the cluster sees that it is gone
        driver.wait()
    reader.join()
