"""A run as a job that the cluster may interrupt and start again: it goes on where it was.

Before a cluster takes a machine back it sends a signal (Slurm: SIGUSR2, 90 seconds before), for which submitit has a
handler that puts the job into the queue once more. Here the run first writes its checkpoint.
"""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from syntonic.runners.launchers.job import execute_away
from syntonic.runners.run import signals
from syntonic.runners.sweep.folder import stop_sign
from syntonic.runners.sweep.results import KILLED


class Requeued:
    """What submitit calls, with a `RunSpec` as a mapping, and calls again after an interruption."""

    def __init__(self) -> None:
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
        result = execute_away(spec)
        if taken.is_set() and result["status"] == KILLED and not stop_sign(Path(spec["folder"])).exists():
            self._resume = str(Path(spec["home"]) / "runs" / result["run_id"]) if result["run_id"] else spec["resume"]
            for each, handler in requeue.items():
                if callable(handler):
                    handler(each, None)  # asks for `checkpoint`, and ends this process
        return result

    def checkpoint(self, spec: dict[str, Any]) -> Any:  # noqa: ANN401 (submitit is imported when it is used)
        """Returns what the cluster is to do instead."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(Requeued(), {**spec, "resume": self._resume})
