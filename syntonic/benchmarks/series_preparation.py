"""New rows of a series for a trained model: windows of them as in training, and which row each one tells."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.preparation import numbers

SERIES: Final = "series"
"""What `preparation()["kind"]` is of a series."""


class Windows:
    """Every window of a file's rows, the oldest first.

    Args:
        preparation: what `benchmark.preparation()` said.
        header: names of the columns.
        rows: as many texts each as there are names.

    Raises:
        ValueError: a column that is not there, a value that is missing or cannot be read as a float, or too few rows.
    """

    def __init__(self, preparation: Mapping[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        place = {name.strip(): column for column, name in enumerate(header)}
        decimal, self._length = preparation.get("decimal", "."), int(preparation["length"])
        columns = []
        for each in preparation["columns"]:
            name = each["column"]
            if name not in place:
                raise ValueError(f"column {name!r} is missing; the model was trained on it")
            column = numbers(name, [row[place[name]] for row in rows], decimal)
            if column.missing:
                raise ValueError(f"column {name!r}, row {column.missing[0] + 1}: the value is missing; fill it in")
            mean, scale = each["mean"], each["scale"]
            columns.append([(value - mean) / scale if scale else 0.0 for value in column.numbers or ()])
        if len(rows) < self._length:
            raise ValueError(f"there are {len(rows)} rows, and the model looks at {self._length}")
        self._values = array("f", [value for row in zip(*columns, strict=True) for value in row])
        self._width, self._count = len(columns), len(rows) - self._length + 1
        self.told: Final = range(self._length + int(preparation["ahead"]), len(rows) + int(preparation["ahead"]) + 1)
        """The row, from 1, that each window tells; the last ones lie after the end of the file."""

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yields inputs (windows, length, columns), `size` windows at a time."""
        for start in range(0, self._count, size):
            held = array("f")
            for window in range(start, min(start + size, self._count)):
                held.extend(self._values[window * self._width : (window + self._length) * self._width])
            yield Tensor(held, (len(held) // (self._length * self._width), self._length, self._width))
