"""The process with Ray in it: an order comes in as a line, a result per run goes out, and a closed pipe means: leave.

A task whose node is lost is done again on another one: its run resumes in its own folder, from its last checkpoint.
A task whose process dies is a failed run, as with every launcher.
"""

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.job import execute_away
from syntonic.runners.run import folder as run_folder
from syntonic.runners.sweep.folder import stop_sign
from syntonic.runners.sweep.history import look_back
from syntonic.runners.sweep.results import RunResult

_INTERVAL: Final = 0.1  # seconds between two looks at whether to stop
_REACH: Final = 10.0  # seconds in which a cluster must answer
_NODES: Final = 3  # that a run may lose


def main() -> None:
    """Carries out the order that is read from the standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing but answers may come out
    order = json.loads(sys.stdin.readline())
    left, connected = threading.Event(), threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(left, connected), daemon=True).start()

    def answer(plain: dict[str, Any]) -> None:
        print(json.dumps(plain), file=answers, flush=True)

    # Ray would wait for minutes, deaf to signals.
    if silent := _silent(order["address"]):
        answer({"fault": f"{silent}; start a cluster with `ray start --head`, or use hydra/launcher=local"})
        return
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # training is nobody else's business
    try:
        environment = {"env_vars": {"PYTHONPATH": os.environ["PYTHONPATH"]}}
        ray.init(address=order["address"], runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # whatever keeps Ray from connecting
        answer({"fault": f"{_first_line(error)}; start a cluster with `ray start --head`, or use hydra/launcher=local"})
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connected.set()
    answer({"connected": True})
    try:
        _Tasks(ray, order).carry_out(answer, left)
    finally:
        ray.shutdown()


def _silent(address: str) -> str | None:
    # Why an address cannot be connected to; None for "auto", of which Ray itself knows.
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if not separator:
        return None
    try:
        socket.create_connection((host, int(port)), timeout=_REACH).close()
    except (OSError, ValueError, OverflowError) as error:
        return f"cannot connect ({error})"
    return None


def _wait_for_the_end(left: threading.Event, connected: threading.Event) -> None:
    sys.stdin.read()
    left.set()
    if not connected.is_set():  # Ray may wait for minutes for a cluster that does not answer
        os._exit(0)


class _Tasks:
    # What is to be done, and what the cluster is doing.

    def __init__(self, ray: Any, order: dict[str, Any]) -> None:  # noqa: ANN401 (ray is imported when it is used)
        self._ray = ray
        # Ray is not to try again by itself: a run resumes from its checkpoint, and a fault of its own comes again.
        self._task = ray.remote(execute_away).options(
            num_cpus=order["threads"], num_gpus=order["gpus"], max_retries=0, name="syntonic"
        )
        self._places: int = order["places"]
        self._waiting: list[dict[str, Any]] = order["specs"]
        self._under_way: dict[Any, dict[str, Any]] = {}
        self._lost: Counter[int] = Counter()

    def carry_out(self, answer: Any, left: threading.Event) -> None:  # noqa: ANN401 (a function)
        while self._waiting or self._under_way:
            if left.is_set():
                for task in self._under_way:
                    self._ray.cancel(task, force=True)
                return
            if self._waiting and stop_sign(Path(self._waiting[0]["folder"])).exists():
                self._waiting.clear()
            self._hand_out()
            if not self._under_way:
                left.wait(_INTERVAL)
                continue
            done, _ = self._ray.wait(list(self._under_way), timeout=_INTERVAL)
            for task in done:
                result = self._row(task, self._under_way.pop(task))
                if result is not None:
                    answer(asdict(result))

    def _hand_out(self) -> None:
        for spec in list(self._waiting):
            if len(self._under_way) >= self._places:
                return
            if _is_free(spec["resume"]):
                self._waiting.remove(spec)
                self._under_way[self._task.remote(spec)] = spec

    def _row(self, task: Any, spec: dict[str, Any]) -> RunResult | None:  # noqa: ANN401 (a reference of Ray)
        number = spec["number"]
        try:
            return RunResult(**self._ray.get(task))
        except self._ray.exceptions.NodeDiedError as error:
            self._lost[number] += 1
            if self._lost[number] < _NODES:
                self._waiting.append({**spec, "resume": _begun(spec)})
                return None
            return RunResult.failed(number, f"lost {_NODES} nodes; the last: {_first_line(error)}")
        except Exception as error:  # whatever else a cluster may do to a task
            return RunResult.failed(number, f"{type(error).__name__}: {_first_line(error)}")


def _begun(spec: dict[str, Any]) -> str | None:
    # The folder in which a lost run can be resumed.
    os.environ["SYNTONIC_HOME"] = spec["home"]
    try:
        found = look_back(spec["sweep"]["id"], None).begun.get(spec["digest"])
    except RequestError:  # a folder that cannot be read; the run starts again
        return None
    return str(found) if found else spec["resume"]


def _is_free(folder: str | None) -> bool:
    # A process may live for a moment after its node: two must not write to one folder.
    if folder is None:
        return True
    try:
        run = run_folder.read(Path(folder))
    except RequestError:
        return True  # the run itself says what is wrong with it
    try:
        run.take()
    except RequestError:
        return False
    run.release()
    return True


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


if __name__ == "__main__":
    main()
