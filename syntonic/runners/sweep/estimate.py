"""How long a run would take, going by runs of the same model and benchmark: what each run costs, and its generations.

    seconds = once + generation * generations,   generation = per member * population

What a generation takes is the time between the first point of a journal and the last, in all those runs together, so
that neither a run's start and end nor the length of earlier runs is in it. What is left of a run's time is `once`.
"""

import statistics
from collections.abc import Mapping
from typing import Any, Final

from syntonic.runners.run.folder import RunFolder
from syntonic.runners.run.record import FILE, RunRecord
from syntonic.tracking.journal import JOURNAL, Tail

_RUNS: Final = 20  # the latest ones that are looked at
_AFTERWARDS: Final = 60.0  # seconds that a store may have taken; a file that was touched later tells nothing


class Estimate:
    """What runs of one model and benchmark have taken."""

    def __init__(self) -> None:
        self._runs: list[RunRecord] = []

    def add(self, record: RunRecord) -> None:
        """Takes a finished run, later ones later."""
        self._runs.append(record)

    def seconds(self, trainer: Mapping[str, Any]) -> float | None:
        """Returns what a run with this section of a config would take; None if that cannot be said."""
        asked = _members(trainer)
        members, spans, rest = 0.0, 0.0, []
        for record in self._runs[-_RUNS:]:
            steps, span = _span(record)
            of_all = _members(record.config.get("trainer", {}))
            if not steps or of_all is None or record.total is None:
                continue
            members, spans = members + of_all / record.total * steps, spans + span
            whole = max(record.seconds, min(_written(record) - record.started, record.seconds + _AFTERWARDS))
            rest.append(max(whole - span, 0.0))
        return statistics.median(rest) + spans / members * asked if rest and asked is not None else None


def _written(record: RunRecord) -> float:
    try:
        return (record.folder / FILE).stat().st_mtime
    except OSError:
        return 0.0


def _members(trainer: Mapping[str, Any]) -> float | None:
    # That a run evaluates, over all of its generations.
    population, generations = trainer.get("population_size", 1), trainer.get("max_generations")
    whole = type(population) is int and type(generations) is int and population > 0 and generations > 0
    return float(population * generations) if whole else None


def _span(record: RunRecord) -> tuple[int, float]:
    # Steps between the first point and the last, and the seconds that they took.
    first, last = next(Tail(record.folder / JOURNAL).new(), None), RunFolder(record).last_point
    if first is None or last is None or last.step <= first.step:
        return 0, 0.0
    return last.step - first.step, max(last.time - first.time, 0) / 1000
