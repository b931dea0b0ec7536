"""A series of one's own: what comes after the last rows of a table whose rows follow one another in time?"""

import hashlib
import math
from array import array
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen, MinLen

from syntonic._core import Tensor
from syntonic.benchmarks.answers import Numbers
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.reading import TABLES, Column, read_columns
from syntonic.benchmarks.reading.columns import known_names
from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.series_preparation import SERIES
from syntonic.benchmarks.splits import Share
from syntonic.benchmarks.standards import Rules, Split
from syntonic.benchmarks.supervised import Supervised
from syntonic.benchmarks.table_encoding import moments
from syntonic.core.registry import register

MOST_VALUES = 2**28


@register("benchmark", "series")
class Series(Supervised):
    """The last `length` rows (length, columns) to one column `ahead` rows later. Loss: mean squared error.

    Time is not mixed: the first rows are for training, then come those for validation, then those for the test, and no
    window reaches over a border. Numbers are standardised by training rows. The error stands beside that of naming the
    target's last value.

    Args:
        seed: draws the batches.
        path: of a file as in `benchmark=table`, the oldest row first.
        target: the column that is to be told; of a table of one column that one.
        columns: what a model sees of each row; empty: every column, the target included.
        length: rows that a model sees.
        ahead: how many rows after the last of them the answer stands.
        validation: the share of rows by which runs are chosen.
        test: the share of rows that is judged once, at the end.
        batch_size: windows in a batch; None: all of training.
        separator: as in `benchmark=table`, like the three after it.
        encoding: of a text.
        decimal: before the fraction of a number.
        header: whether the first row is names.

    Raises:
        ValueError: the file cannot be read, or has values that are not numbers or are missing.
    """

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        target: str | None = None,
        columns: tuple[str, ...] = (),
        length: Annotated[int, Ge(1), Le(65536)] = 32,
        ahead: Annotated[int, Ge(1), Le(65536)] = 1,
        validation: Share = 0.15,
        test: Share = 0.15,
        batch_size: BatchSize | None = 256,
        separator: Annotated[str, MinLen(1), MaxLen(1)] | None = None,
        encoding: str | None = None,
        decimal: Literal[".", ","] = ".",
        header: bool | None = None,
    ) -> None:
        if path is None:
            raise ValueError(f"needs a file: benchmark.path=data.csv; it may be {TABLES}")
        data = content(path, "table")
        self.data_name, self._digest = path, hashlib.sha256(data).hexdigest()
        table = read_columns(path, data, separator=separator, encoding=encoding, header=header, decimal=decimal)
        names = list(table.columns)
        if target is None and len(names) > 1:
            raise ValueError(f"which column of {path} is to be told? Say benchmark.target={known_names('', names)}")
        asked = table.named(target or names[0], "target")
        seen = [table.named(name, "columns") for name in columns or names]
        self._about = f"{path} ({table.form}), target {asked.name!r} {ahead} after the last of {length} rows"
        borders = _borders(table.rows, validation, test)
        first, end = borders["train"]
        values = {column.name: _scaled(column, first, end) for column in (asked, *seen)}
        if table.rows * length * len(seen) > MOST_VALUES:
            raise ValueError(f"{table.rows:,} windows of {length} rows fill the memory; take a smaller length")
        splits = {}
        for name, (start, stop) in borders.items():
            if stop - start < length + ahead:
                raise ValueError(
                    f"{name} has {max(stop - start, 0)} of the {table.rows} rows, and length + ahead = "
                    f"{length + ahead}: take a longer series, or a smaller length"
                )
            splits[name] = _windows(
                [values[column.name][2] for column in seen], values[asked.name][2], start, stop, length, ahead
            )
        mean, self._scale, _ = values[asked.name]
        self._prepared = {
            "columns": [_plain(column.name, *values[column.name]) for column in seen],
            "length": length,
            "ahead": ahead,
            "decimal": decimal,
            "target": asked.name,
            "mean": mean,
            "scale": self._scale,
        }
        places = [place for place, column in enumerate(seen) if column.name == asked.name]
        self._last = (length - 1, places[0]) if places else None
        super().__init__(seed, splits, Numbers(mean, self._scale), batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of the file."""
        return self._digest

    def preparation(self) -> dict[str, Any]:
        """Returns what a trained model needs to be given new rows, as plain data; see `series_preparation`."""
        return {"kind": SERIES, **self._prepared}

    def describe(self) -> list[str]:
        """Returns what was found of the file, and of each split."""
        return [self._about, *super().describe()]

    @cached_property
    def rules(self) -> Rules:
        """What the mean of training, and the target's last value where a model sees it, reach on the test windows."""
        found = dict(super().rules)
        if self._last is not None:
            inputs, targets = self._test
            row, place = self._last
            last = inputs.narrow(1, row, 1).narrow(2, place, 1).reshape(targets.shape)
            found["last value"] = {"rmse": math.sqrt((last - targets).square().mean().item()) * self._scale}
        return found


def _borders(rows: int, validation: float, test: float) -> dict[str, tuple[int, int]]:
    if validation + test >= 1:
        raise ValueError(
            f"validation={validation:g} and test={test:g} leave nothing for training; their sum is below 1"
        )
    if not test:
        raise ValueError("test=0 leaves no test data")
    last, middle = rows - round(rows * test), rows - round(rows * test) - round(rows * validation)
    borders = {"train": (0, middle), "validation": (middle, last), "test": (last, rows)}
    return {name: border for name, border in borders.items() if name != "validation" or validation > 0}


def _scaled(column: Column, first: int, end: int) -> tuple[float, float, "array[float]"]:
    """Returns mean and scale of the training rows, and all rows scaled by them."""
    if column.numbers is None:
        text, row = column.stray or (column.texts[0], 1)
        raise ValueError(
            f"column {column.name!r}, row {row}: {text[:40]!r} is not a number; columns=[...] names what is seen"
        )
    if column.missing:
        raise ValueError(f"column {column.name!r}, row {column.missing[0] + 1}: the value is missing; fill it in")
    known: Sequence[float] = column.numbers[first:end]
    if not known or min(known) == max(known):
        return (known[0] if known else 0.0), 1.0, array("f", [0.0] * len(column.numbers))
    mean, scale = moments(known, column.name)
    return mean, scale, array("f", [(value - mean) / scale for value in column.numbers])


def _plain(name: str, mean: float, scale: float, scaled: "array[float]") -> dict[str, Any]:
    # What is the same in all training rows is 0, whatever it becomes later.
    return {"column": name, "mean": mean, "scale": scale if any(scaled) else 0.0}


def _windows(
    seen: list["array[float]"], asked: "array[float]", start: int, stop: int, length: int, ahead: int
) -> Split:
    rows = array("f", [value for row in zip(*(column[start:stop] for column in seen), strict=True) for value in row])
    width, count = len(seen), stop - start - length - ahead + 1
    held = array("f")
    for window in range(count):
        held.extend(rows[window * width : (window + length) * width])
    targets = asked[start + length + ahead - 1 : stop]
    return Tensor(held, (count, length, width)), Tensor(targets, (count, 1))
