"""Points of one journal on their way to a store: read once, sent once, in their order."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from syntonic.tracking.journal import Point, Tail
from syntonic.tracking.remote import Remote

_BATCH: Final = 1000  # metrics of one request; stores refuse more


class Stream:
    """The points of a journal that a store has not got.

    Args:
        journal: the file, which need not be there yet.
        remote: the record of the run in the store.
        system: whether they tell of the machine.
        seen: is shown every point that is read, also those that the store has.
    """

    def __init__(
        self,
        journal: Path,
        remote: Remote,
        *,
        system: bool = False,
        seen: Callable[[Point], None] | None = None,
    ) -> None:
        self._tail = Tail(journal)
        self._remote = remote
        self._mark = remote.last_step(system=system)
        self._seen = seen

    def send(self) -> None:
        """Sends what is new."""
        batch: list[Point] = []
        size = 0
        for point in self._tail.new():
            if self._seen is not None:
                self._seen(point)
            if point.step <= self._mark:
                continue
            size += len(point.metrics)
            if batch and size > _BATCH:
                self._log(batch)
                batch, size = [], len(point.metrics)
            batch.append(point)
        if batch:
            self._log(batch)

    def _log(self, batch: list[Point]) -> None:
        self._remote.log_points(batch)
        self._mark = batch[-1].step
