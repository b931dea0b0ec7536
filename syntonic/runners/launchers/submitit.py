"""Runs as jobs of a Slurm cluster, or as processes of this machine, through submitit.

The nodes must see the folder of the runs: rows come back through it, and the sign to stop lies in it.
"""

import contextlib
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.launchers.base import Stopped, with_threads
from syntonic.runners.launchers.extras import require
from syntonic.runners.launchers.submitit_job import Requeued
from syntonic.runners.sweeps.folder import SweepFolder
from syntonic.runners.sweeps.rows import Row, Spec

_GLANCE: Final = 0.2  # seconds between two looks at the jobs
_GRACE: Final = 120.0  # seconds that runs have to write their checkpoints after the sign to stop


@register("launcher", "submitit")
class Submitit:
    """Carries out each run as a job. One that the cluster interrupts goes on when the cluster starts it again.

    Args:
        parallel: jobs at a time; None: eight.
        cluster: where jobs run.
        threads: cores of each; None: one.
        gpus: GPUs of each.
        hours: after which the cluster may end a job.
        partition: of the cluster; None: its default.

    Raises:
        ValueError: if submitit is not installed.
    """

    away: Final = True

    def __init__(
        self,
        parallel: int | None,
        *,
        cluster: Literal["slurm", "local"] = "slurm",
        threads: Annotated[int, Ge(1)] | None = None,
        gpus: Annotated[int, Ge(0)] = 0,
        hours: Annotated[float, Gt(0)] = 24.0,
        partition: str | None = None,
    ) -> None:
        require("submitit")
        self.places: Final = parallel or 8
        self._cluster, self._threads, self._gpus = cluster, threads or 1, gpus
        self._minutes, self._partition = max(1, round(hours * 60)), partition

    def run(self, specs: Sequence[Spec], folder: SweepFolder, console: Console, stopped: Stopped) -> Iterator[Row]:
        """Yields rows as jobs end."""
        executor = self._executor(folder)
        waiting = list(specs)
        jobs: dict[int, Any] = {}
        deadline: float | None = None
        try:
            while waiting or jobs:
                if deadline is None and stopped():
                    folder.stop()
                    waiting.clear()
                    deadline = time.monotonic() + _GRACE
                if deadline is not None and time.monotonic() > deadline:
                    return
                while waiting and len(jobs) < self.places:
                    spec = waiting.pop(0)
                    with _deaf_to_ctrl_c():
                        jobs[spec.number] = executor.submit(Requeued(), with_threads(spec, self._threads))
                for number in [number for number, job in jobs.items() if job.done()]:
                    yield _row(number, jobs.pop(number))
                time.sleep(_GLANCE)
        finally:
            for job in jobs.values():
                job.cancel()

    def _executor(self, folder: SweepFolder) -> Any:  # noqa: ANN401 (submitit is imported when it is used)
        import submitit

        # A new folder each time: submitit unpickles what it finds, and the sweep's may be of another's making.
        place = folder.path / "submitit" / secrets.token_hex(8)
        executor = submitit.AutoExecutor(folder=place, cluster=self._cluster)
        executor.update_parameters(
            name="syntonic", timeout_min=self._minutes, cpus_per_task=self._threads, gpus_per_node=self._gpus
        )
        if self._partition is not None:
            executor.update_parameters(slurm_partition=self._partition)
        return executor


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    # What is started in here does not hear a terminal's Ctrl-C: submitit's own process would kill its job at once.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _row(number: int, job: Any) -> Row:  # noqa: ANN401 (a job of submitit)
    try:
        return Row(**job.result())
    except Exception as error:  # whatever a cluster may do to a job
        lines = str(error).strip().splitlines()
        told = f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"
        return Row(number, "FAILED", reason=told, exit_code=1)
