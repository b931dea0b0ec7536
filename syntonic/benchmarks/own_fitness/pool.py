"""Worker processes that call a fitness function, with a time limit. What one of them loses, another computes.

A worker that is killed from outside gives its member to another one; a member that costs two workers their lives is a
bad one, and so is one that takes too long. Scores do not depend on who computes them.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.own_fitness.call import Score, Shapes
from syntonic.core import own_code

_POLL: Final = 0.2  # seconds between two looks for a wish to stop
_LIVES: Final = 2  # workers that a member may cost
_START: Final = 120.0  # seconds until a worker has loaded the user's code


@dataclass
class _Worker:
    process: "subprocess.Popen[bytes]"
    pipe: "Connection[bytes, bytes]"
    member: int | None = None
    until: float = math.inf


class Pool:
    """Processes for one function.

    Args:
        function: `module:function`, loaded in this process.
        shapes: of the parameters, by name.
        workers: how many processes.
        timeout: seconds that a call may take; None: as long as it takes.
    """

    def __init__(self, function: str, shapes: Shapes, workers: int, timeout: float | None) -> None:
        setup = {
            "function": function,
            "shapes": {name: list(shape) for name, shape in shapes.items()},
            "code": [code.plain() for code in own_code.allowed()],
            "path": sys.path,
            "folder": os.getcwd(),
        }
        self._setup, self._timeout = json.dumps(setup).encode(), timeout
        self._workers: list[_Worker] = []
        self._size = workers

    def scores(
        self, members: Sequence[Sequence[Tensor]], seed: int, should_stop: Callable[[], bool] | None
    ) -> list[Score] | None:
        """Returns the score of each member, None if a wish to stop came first.

        Raises:
            ValueError: the user's code cannot be loaded in a worker.
        """
        found: list[Score | None] = [None] * len(members)
        waiting, lives = deque(range(len(members))), [_LIVES] * len(members)
        for worker in self._workers:  # of a generation that was left
            if worker.member is not None:
                self._end(worker)
        self._workers = [worker for worker in self._workers if worker.process.poll() is None]
        while any(score is None for score in found):
            if should_stop is not None and should_stop():
                return None
            while waiting and len(self._workers) < min(self._size, len(members)):
                self._workers.append(self._begin())
            for worker in [worker for worker in self._workers if worker.member is None]:
                if waiting:
                    self._give(worker, waiting.popleft(), members, seed)
            self._collect(found, waiting, lives)
        return [score for score in found if score is not None]

    def close(self) -> None:
        """Ends the processes."""
        for worker in self._workers:
            self._end(worker)
        self._workers = []

    def __del__(self) -> None:
        self.close()

    def _begin(self) -> _Worker:
        ours, theirs = Pipe()
        command = [sys.executable, "-m", "syntonic.benchmarks.own_fitness.worker", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        try:
            ours.send_bytes(self._setup)
            answer: dict[str, Any] = (
                json.loads(ours.recv_bytes()) if ours.poll(_START) else {"fault": "it takes too long"}
            )
        except (EOFError, OSError):
            answer = {"fault": f"the process ended with status {process.wait()}"}
        if "fault" in answer:
            process.kill()
            process.wait()
            raise ValueError(f"a worker cannot load the function: {answer['fault']}")
        return _Worker(process, ours)

    def _give(self, worker: _Worker, member: int, members: Sequence[Sequence[Tensor]], seed: int) -> None:
        worker.member = member
        worker.until = math.inf if self._timeout is None else time.monotonic() + self._timeout
        try:
            worker.pipe.send_bytes(seed.to_bytes(8, "little"))
            worker.pipe.send_bytes(b"".join(bytes(memoryview(part)) for part in members[member]))
        except OSError:
            pass  # it is gone, which is seen when its answer is looked for

    def _collect(self, found: list[Score | None], waiting: "deque[int]", lives: list[int]) -> None:
        now = time.monotonic()
        nearest = min((worker.until for worker in self._workers), default=math.inf)
        ready = wait([worker.pipe for worker in self._workers], timeout=max(0.0, min(_POLL, nearest - now)))
        for worker in list(self._workers):
            member = worker.member
            if worker.pipe in ready:
                try:
                    value, fault = json.loads(worker.pipe.recv_bytes())
                    if member is not None:
                        found[member] = Score(value, fault)
                    worker.member, worker.until = None, math.inf
                except (EOFError, OSError):
                    self._end(worker)
                    self._workers.remove(worker)
                    if member is not None:
                        lives[member] -= 1
                        if lives[member]:
                            waiting.appendleft(member)
                        else:
                            found[member] = Score(math.nan, f"it ended {_LIVES} processes that called it")
            elif member is not None and time.monotonic() >= worker.until:
                self._end(worker)
                self._workers.remove(worker)
                found[member] = Score(math.nan, f"it took longer than {self._timeout:g} s")

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.pipe.close()
        worker.process.kill()
        worker.process.wait()
        worker.member = None
