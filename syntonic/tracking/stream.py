"""Points of one journal on their way to a store: read once, sent once, in their order."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from syntonic.tracking.journal import Point, Tail
from syntonic.tracking.stores.remote import Remote

_BATCH: Final = 1000  # metrics of one request; stores refuse more
_CHECK: Final = 25  # points between two looks at the clock


class Stream:
    """The points of a journal that a store has not got.

    Args:
        journal: the file, which need not be there yet.
        remote: the record of the run in the store.
        system: whether they tell of the machine.
        seen: is shown every point that is read, also those that the store has.
        named: returns a point's metrics under the names that they have in the store.
    """

    def __init__(
        self,
        journal: Path,
        remote: Remote,
        *,
        system: bool = False,
        seen: Callable[[Point], None] | None = None,
        named: Callable[[Mapping[str, float]], Mapping[str, float]] = dict,
    ) -> None:
        self._tail = Tail(journal)
        self._remote = remote
        self._mark = remote.last_step(system=system)
        self._seen, self._named = seen, named

    def send(self, seconds: float = math.inf) -> bool:
        """Sends what is new, for about so many seconds; returns whether there may be more.

        A journal can grow faster than a store takes it, so that there need not be an end.
        """
        end = time.monotonic() + seconds
        batch: list[Point] = []
        size = 0
        for count, point in enumerate(self._tail.new(), start=1):
            if self._seen is not None:
                self._seen(point)
            if point.step > self._mark:
                point = Point(point.step, point.time, dict(self._named(point.metrics)))
                if batch and size + len(point.metrics) > _BATCH:
                    self._log(batch)
                    batch, size = [], 0
                batch.append(point)
                size += len(point.metrics)
            if count % _CHECK == 0 and time.monotonic() > end:
                break
        else:
            seconds = math.inf
        if batch:
            self._log(batch)
        return seconds < math.inf

    def _log(self, batch: list[Point]) -> None:
        self._remote.log_points(batch)
        self._mark = batch[-1].step
