"""`metrics.csv`: a row for each generation, a column for each metric."""

import csv
import os
from collections.abc import Iterable
from typing import Final

from syntonic.tracking.base import Ending, Run
from syntonic.tracking.journal import Point

FILE: Final = "metrics.csv"
_FIRST: Final = ("step", "time")  # generation from 1; milliseconds since 1970


class CommaSeparated:
    """Writes `metrics.csv` in a run's folder. A metric that is not measured in every generation has empty cells."""

    def __init__(self, run: Run) -> None:
        self._path = run.folder / FILE
        self._columns = list(_FIRST)
        self._path.write_text(",".join(_FIRST) + "\r\n", encoding="utf-8")

    def add(self, points: Iterable[Point]) -> None:
        """Appends rows; a metric that is new gets a column, for which the file is written again."""
        rows = [{"step": point.step, "time": point.time, **point.metrics} for point in points]
        new = dict.fromkeys(name for row in rows for name in row if name not in self._columns)
        if new:
            self._widen(list(new))
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self._columns).writerows(rows)

    def close(self, ending: Ending) -> None:
        """Has nothing to add: every row is in the file."""

    def _widen(self, new: list[str]) -> None:
        self._columns += new
        written = self._path.with_suffix(".tmp")
        with (
            self._path.open(newline="", encoding="utf-8") as old,
            written.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(csv.DictReader(old))
        os.replace(written, self._path)
