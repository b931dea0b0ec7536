"""Runs as tasks of a Ray cluster. Its nodes must see the folder of the runs."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.launchers.base import Stopped, with_threads
from syntonic.runners.launchers.extras import require
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.sweeps.folder import SweepFolder
from syntonic.runners.sweeps.rows import Row, Spec

_GLANCE: Final = 0.2  # seconds between two looks at whether to stop
_GRACE: Final = 120.0  # seconds that runs have to write their checkpoints after the sign to stop


@register("launcher", "ray")
class Ray:
    """Carries out each run as a task.

    Args:
        parallel: tasks at a time on a cluster started here; None: one for each core that a task needs.
        address: of a running cluster, or "auto"; None: one is started on this machine for the sweep.
        threads: cores of each run; None: one.
        gpus: GPUs of each run.

    Raises:
        ValueError: if Ray is not installed.
    """

    away: Final = True

    def __init__(
        self,
        parallel: int | None,
        *,
        address: str | None = None,
        threads: Annotated[int, Ge(1)] | None = None,
        gpus: Annotated[float, Ge(0)] = 0.0,
    ) -> None:
        require("ray")
        self._address, self._threads, self._gpus = address, threads or 1, gpus
        self.places: Final = parallel or max(1, (os.cpu_count() or 1) // self._threads)

    def run(self, specs: Sequence[Spec], folder: SweepFolder, console: Console, stopped: Stopped) -> Iterator[Row]:
        """Yields rows as tasks end."""
        import ray

        self._open(ray)
        try:
            # A task that dies is not tried again here: the same sweep again goes on with it from its checkpoint.
            task = ray.remote(execute_away).options(num_cpus=self._threads, num_gpus=self._gpus, max_retries=0)
            waiting = list(specs)
            tasks: dict[Any, int] = {}
            deadline: float | None = None
            while waiting or tasks:
                if deadline is None and stopped():
                    folder.stop()
                    waiting.clear()
                    deadline = time.monotonic() + _GRACE
                if deadline is not None and time.monotonic() > deadline:
                    return
                while waiting and len(tasks) < self.places:
                    spec = waiting.pop(0)
                    tasks[task.remote(with_threads(spec, self._threads))] = spec.number
                done, _ = ray.wait(list(tasks), num_returns=1, timeout=_GLANCE)
                for each in done:
                    yield _row(ray, each, tasks.pop(each))
        finally:
            ray.shutdown()

    def _open(self, ray: Any) -> None:  # noqa: ANN401 (ray is imported when it is used)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # training is nobody else's business
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        paths = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        environment = {"env_vars": {"PYTHONPATH": paths}}
        own = {} if self._address else {"num_cpus": self.places * self._threads, "include_dashboard": False}
        mine = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        ray.init(address=self._address, runtime_env=environment, log_to_driver=False, logging_level="ERROR", **own)
        # Ray puts handlers of its own in their place, which end this process at once.
        if threading.current_thread() is threading.main_thread():
            for each, handler in mine.items():
                signal.signal(each, handler)


def _row(ray: Any, task: Any, number: int) -> Row:  # noqa: ANN401 (ray is imported when it is used)
    try:
        return Row(**ray.get(task))
    except Exception as error:  # whatever a cluster may do to a task
        lines = str(error).strip().splitlines()
        told = f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
        return Row(number, "FAILED", reason=told, exit_code=1)
