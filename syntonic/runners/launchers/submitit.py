"""Runs as jobs of a Slurm cluster, or as processes of this machine, through submitit.

The nodes must see the folder of the runs: results come back through it, and the request to stop lies in it.
"""

import contextlib
import re
import secrets
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Gt
from rich.console import Console

from syntonic.core.registry import register
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.base import Stopped, with_threads
from syntonic.runners.launchers.extras import require
from syntonic.runners.launchers.poll import FAR, results
from syntonic.runners.launchers.submitit_job import RESUME, Requeued
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec

_PROGRAMS: Final = ("srun", "sbatch")
_NAME: Final = re.compile(r"[\w.,:@&|*()\[\]+-]{1,200}", re.ASCII)
_ENDLESS: Final = 1_000_000  # time limits that a run may reach


@register("launcher", "submitit")
class Submitit:
    """Carries out each run as a job. One that the cluster interrupts resumes when the cluster starts it again.

    Args:
        parallel: jobs at a time; None: eight.
        cluster: where jobs run.
        threads: cores of each; None: one.
        gpus: GPUs of each.
        memory: gigabytes of each; None: the cluster's default.
        hours: after which the cluster may end a job.
        partition, account, qos, constraint: as Slurm has them; None: the cluster's defaults.

    Raises:
        ValueError: if submitit or Slurm is not there, or a name could be more than a name.
    """

    away: Final = True

    def __init__(
        self,
        parallel: int | None,
        *,
        cluster: Literal["slurm", "local"] = "slurm",
        threads: Annotated[int, Ge(1)] | None = None,
        gpus: Annotated[int, Ge(0)] = 0,
        memory: Annotated[float, Gt(0)] | None = None,
        hours: Annotated[float, Gt(0)] = 24.0,
        partition: str | None = None,
        account: str | None = None,
        qos: str | None = None,
        constraint: str | None = None,
    ) -> None:
        require("submitit")
        if cluster == "slurm" and (missing := [name for name in _PROGRAMS if shutil.which(name) is None]):
            raise ValueError(
                f"there is no Slurm here ({' and '.join(missing)} not found); start the sweep on a machine of the "
                "cluster, or add hydra.launcher.cluster=local to try it out on this one"
            )
        names = {"partition": partition, "account": account, "qos": qos, "constraint": constraint}
        for key, name in names.items():
            if name is not None and not _NAME.fullmatch(name):  # it becomes part of a script
                raise ValueError(
                    f"{key} is {name[:60]!r}; it must be a name as Slurm has them, without spaces or quotes"
                )
        self.places: Final = parallel or 8
        self._cluster, self._threads = cluster, threads or 1
        self._parameters = {
            "name": "syntonic",
            "timeout_min": max(1, round(hours * 60)),
            "cpus_per_task": self._threads,
            "gpus_per_node": gpus,
            **({} if memory is None else {"mem_gb": float(memory)}),
            **{f"slurm_{key}": name for key, name in names.items() if name is not None},
        }

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields results as jobs end.

        Raises:
            RequestError: if the cluster takes no job.
        """
        asked = [with_threads(spec, self._threads) for spec in specs]
        pool = _Pool(self._executor(folder), asked, self.places, requeues=self._cluster == "slurm")
        yield from results(pool, folder, stopped, FAR)

    def _executor(self, folder: SweepFolder) -> Any:  # noqa: ANN401 (submitit is imported when it is used)
        import submitit

        # A new folder each time: submitit unpickles what it finds, and the sweep's may be of another's making.
        place = folder.path / "submitit" / secrets.token_hex(8)
        limits = {f"{name}_max_num_timeout": _ENDLESS for name in ("slurm", "local")}  # until it is done
        executor = submitit.AutoExecutor(folder=place, cluster=self._cluster, **limits)
        executor.update_parameters(**self._parameters)
        return executor


class _Pool:
    # Jobs at the cluster, as many at a time as were asked for.

    def __init__(self, executor: Any, specs: Sequence[dict[str, Any]], places: int, *, requeues: bool) -> None:  # noqa: ANN401
        self._executor, self._waiting, self._places, self._requeues = executor, list(specs), places, requeues
        self._jobs: dict[int, tuple[Any, dict[str, Any]]] = {}

    def busy(self) -> bool:
        return bool(self._waiting or self._jobs)

    def poll(self, seconds: float) -> list[RunResult]:
        while self._waiting and len(self._jobs) < self._places:
            spec = self._waiting.pop(0)
            self._jobs[spec["number"]] = self._submitted(spec), spec
        time.sleep(seconds)
        ended = [number for number, (job, _) in self._jobs.items() if job.done()]
        return [result for number in ended if (result := self._ended(number)) is not None]

    def cancel(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        for job, _ in self._jobs.values():
            job.cancel()

    def _submitted(self, spec: dict[str, Any]) -> Any:  # noqa: ANN401 (a job of submitit)
        try:
            with _deaf_to_ctrl_c():
                return self._executor.submit(Requeued(requeues=self._requeues), spec)
        except Exception as error:  # a partition that is not there, a quota that is used up
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            told = next((line for line in lines if "error:" in line), lines[-1])
            raise RequestError([f"hydra/launcher=submitit: the cluster takes no job: {told}"]) from error

    def _ended(self, number: int) -> RunResult | None:
        job, spec = self._jobs.pop(number)
        try:
            found = job.result()
        except Exception as error:  # whatever a cluster may do to a job
            return RunResult.failed(number, _cause(error))
        if RESUME in found:
            self._waiting.insert(0, {**spec, "resume": found[RESUME]})
            return None
        return RunResult(**found)


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    # What is started in here does not hear a terminal's Ctrl-C: submitit's own process would kill its job at once.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cause(error: Exception) -> str:
    # The last line that says something: submitit adds where its logs are, and the traceback before it is in them.
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line.strip("-") and not line.startswith(("You can check", " - ", "- "))]
    return f"{type(error).__name__}: {said[-1] if said else 'no reason given'}"
