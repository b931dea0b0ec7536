"""What a launcher is: it takes the runs of a sweep and hands back a result for each, in the order in which they end."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from rich.console import Console

from syntonic.runners.sweep.folder import SweepFolder
from syntonic.runners.sweep.results import RunResult, RunSpec

Stopped = Callable[[], bool]


class Launcher(Protocol):
    """Decides where and when the runs of a sweep are carried out."""

    places: int
    """How many runs are carried out side by side."""
    away: bool
    """Whether runs are carried out in other processes and write to logs."""

    def run(
        self, specs: Sequence[RunSpec], folder: SweepFolder, console: Console, stopped: Stopped
    ) -> Iterator[RunResult]:
        """Yields a result for each run that has ended.

        Once `stopped()` is true no further run is started; those under way end by the request to stop in the sweep's
        folder, and their results are yielded. When the iterator is closed, no process of it is left.
        """
        ...


def shared_out(places: int) -> int:
    """Returns the threads of each of so many places: the cores that this process may use, shared out."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // places)


def with_threads(spec: RunSpec, threads: int) -> dict[str, Any]:
    """Returns a spec as a mapping, its trainer on so many threads unless the config has a number; no result changes."""
    plain = {name: getattr(spec, name) for name in spec.__dataclass_fields__}
    trainer = spec.config["trainer"]
    if "threads" in trainer and trainer["threads"] is None:
        plain["config"] = {**spec.config, "trainer": {**trainer, "threads": threads}}
    return plain
