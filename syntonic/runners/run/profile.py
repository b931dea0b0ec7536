"""Where the time of a run goes: what the runner can see from outside, with one clock.

The core's share is the time from asking the trainer for a record to getting it, less the batch: members evaluated and
the centre updated. The core does not tell the two apart.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from syntonic.runners.run.build import Parts
from syntonic.runners.run.progress import View
from syntonic.runners.run.saver import Saver
from syntonic.tracking.guard import Guarded

_BATCH: Final = "data: the batch"
_TRAINER: Final = "trainer"  # batch and core together
_CORE: Final = "core: members evaluated, centre updated"
_TRACKING: Final = "tracking: points queued"
_DISPLAY: Final = "display"
_CALLBACKS: Final = "callbacks"
_SAVING: Final = "checkpoints"
_PARTS: Final = (_BATCH, _CORE, _TRACKING, _DISPLAY, _CALLBACKS, _SAVING)


class Profile:
    """Adds up seconds by part; costs two looks at the clock for each part of a generation."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._generations = 0
        self._first = 0.0
        self._begun = time.perf_counter()

    def timed(self, part: str, action: Callable[..., Any]) -> Callable[..., Any]:
        """Returns `action` with its time counted for a part."""

        def call(*given: object, **named: object) -> Any:  # noqa: ANN401 (whatever the action returns)
            start = time.perf_counter()
            try:
                return action(*given, **named)
            finally:
                self._seconds[part] = self._seconds.get(part, 0.0) + time.perf_counter() - start

        return call

    def records(self, records: Iterator[Any]) -> Iterator[Any]:
        """Passes records on and counts the time that each takes to come.

        The first is kept apart: in it the model is traced.
        """
        advance = self.timed(_TRAINER, lambda: next(records, None))
        while (record := advance()) is not None:
            self._generations += 1
            if self._generations == 1:
                self._first = self._seconds.pop(_TRAINER)
                self._seconds.clear()
            yield record

    def rows(self) -> dict[str, float]:
        """Returns seconds by part; together they are all of the time since the first generation began, less its own."""
        core = self._seconds.get(_TRAINER, 0.0) - self._seconds.get(_BATCH, 0.0)
        rows = {part: {**self._seconds, _CORE: core}.get(part, 0.0) for part in _PARTS}
        whole = time.perf_counter() - self._begun - self._first
        return {**rows, "the loop itself": max(whole - sum(rows.values()), 0.0)}

    def show(self, console: Console) -> None:
        """Prints the table: seconds, share, and microseconds for each generation after the first."""
        rows, count = self.rows(), max(self._generations - 1, 1)
        whole = sum(rows.values())
        table = Table(box=None)
        for heading in ("where the time went", "seconds", "share", "µs per generation"):
            table.add_column(heading, justify="left" if heading.startswith("where") else "right")
        for name, seconds in {**rows, f"{count} generations": whole}.items():
            table.add_row(name, f"{seconds:.3f}", f"{seconds / whole:.1%}", f"{seconds / count * 1e6:.1f}")
        console.print(table)
        console.print(f"  besides    {self._first:.3f} s for the first generation, in which the model is traced")


class _Timed:
    # Stands in front of an object: the time in one of its methods is counted, the rest is the object's own.

    def __init__(self, inner: Any, method: str, timed: Callable[..., Any]) -> None:  # noqa: ANN401 (any part of a run)
        self._inner = inner
        self.__dict__[method] = timed

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the object has)
        return getattr(self._inner, name)


@contextmanager
def profiled(
    wanted: bool,
    console: Console,
    parts: Parts,
    tracker: Guarded,
    saver: Saver,
    view: View,
) -> Iterator[tuple[Parts, Callable[..., None], Callable[..., None], Callable[..., None]]]:
    """Yields the parts of a run, and how to log, save and show: as they are, or with their time counted and printed.

    Args:
        wanted: whether to count.
        console: where the table goes.
        parts: what the training loop works with.
        tracker: likewise.
        saver: likewise.
        view: likewise.
    """
    if not wanted:
        yield parts, tracker.log, saver.save, view.show
        return
    profile = Profile()

    def around(inner: Any, method: str, part: str) -> Any:  # noqa: ANN401 (any part of a run)
        return _Timed(inner, method, profile.timed(part, getattr(inner, method)))

    run = parts.trainer.run
    watched = replace(
        parts,
        benchmark=around(parts.benchmark, "batch", _BATCH) if hasattr(parts.benchmark, "batch") else parts.benchmark,
        trainer=_Timed(parts.trainer, "run", lambda *given: profile.records(run(*given))),
        callbacks={key: around(callback, "after", _CALLBACKS) for key, callback in parts.callbacks.items()},
    )
    try:
        yield (
            watched,
            profile.timed(_TRACKING, tracker.log),
            profile.timed(_SAVING, saver.save),
            profile.timed(_DISPLAY, view.show),
        )
    finally:
        profile.show(console)
