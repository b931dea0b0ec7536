"""A run as a job that the cluster may interrupt and start again: it resumes from its last checkpoint.

Before a cluster takes a machine back it sends a signal (Slurm: SIGUSR2, 90 seconds before), for which submitit has a
handler that puts the job into the queue once more. Here the run first writes its checkpoint. A run that has done no
generation since it was started would do none the next time either, and has failed.
"""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Final

from syntonic.core.status import Status
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.run import signals
from syntonic.runners.sweep.folder import stop_sign
from syntonic.tracking import checkpoint

RESUME: Final = "resume"  # in the place of a result: the folder of a run that is to be submitted once more
_TOO_SHORT: Final = "its time was over before it had done one generation; a job needs more hydra.launcher.hours"


class Requeued:
    """What submitit calls, with a `RunSpec` as a mapping, and calls again after an interruption.

    Args:
        requeues: whether the cluster starts a job again that asks for it; else the sweep submits a new one.
    """

    _requeues = True  # of a job that was queued by a version that knew no other

    def __init__(self, *, requeues: bool) -> None:
        self._requeues = requeues
        self._resume: str | None = None

    def __call__(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Runs a point; returns its `RunResult` as a mapping, or not at all if the cluster takes the machine back."""
        taken = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            taken.set()
            signals.ask(signal.SIGTERM)

        requeue = {each: signal.getsignal(each) for each in (signal.SIGUSR1, signal.SIGUSR2)}
        for each, handler in requeue.items():
            if callable(handler):
                signal.signal(each, end)
        before = _generation(spec["resume"])
        result = execute_away(spec)
        if not taken.is_set() or result["status"] != Status.KILLED or stop_sign(Path(spec["folder"])).exists():
            return result
        self._resume = str(Path(spec["home"]) / "runs" / result["run_id"]) if result["run_id"] else spec["resume"]
        if _generation(self._resume) <= before:
            return {**result, "status": Status.FAILED, "reason": _TOO_SHORT, "exit_code": 1}
        if not self._requeues:
            return {RESUME: self._resume}
        for each, handler in requeue.items():
            if callable(handler):
                handler(each, None)  # asks for `checkpoint`, and ends this process
        return result

    def checkpoint(self, spec: dict[str, Any]) -> Any:  # noqa: ANN401 (submitit is imported when it is used)
        """Returns what the cluster is to do instead."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(Requeued(requeues=True), {**spec, "resume": self._resume or spec["resume"]})


def _generation(run: str | None) -> int:
    newest = checkpoint.newest(Path(run) / "checkpoints") if run is not None else None
    return checkpoint.generation(newest) if newest is not None else 0
