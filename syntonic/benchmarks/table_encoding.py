"""How rows of a table become inputs, and outputs become answers: what a trained model needs besides its weights.

A number is (x - mean) / scale by training rows; a text is a one for its category among zeros. Everything is plain data.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from syntonic._core import Tensor
from syntonic.benchmarks.reading import Column, Columns
from syntonic.benchmarks.reading.columns import MISSING

MOST_CATEGORIES: Final = 64
MOST_CLASSES: Final = 10_000
Missing = Literal["refuse", "drop", "mean", "indicator"]
Categories = Literal["refuse", "onehot"]


@dataclass(frozen=True)
class Input:
    """One column of inputs.

    Attributes:
        column: its name.
        mean, scale: of a column of numbers, by training rows.
        categories: the texts of training rows, sorted; empty for numbers. Another text is all zeros.
        indicator: whether one input more says whether the value is missing.
    """

    column: str
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = ()
    indicator: bool = False

    @property
    def width(self) -> int:
        """How many inputs it makes."""
        return (len(self.categories) or 1) + self.indicator


@dataclass(frozen=True)
class TableEncoding:
    """What was found of a table.

    Attributes:
        inputs: in the order of the model's inputs.
        target: the name of the column that is asked for.
        classes: its values, sorted; empty where it is a number.
        mean, scale: of a number that is asked for, by training rows.
        fill: whether a missing number stands for its column's mean; False: it is refused.
    """

    inputs: tuple[Input, ...]
    target: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    fill: bool = False

    def encode(self, table: Columns, rows: Sequence[int] | None = None) -> Tensor:
        """Returns the inputs (rows, inputs) of a table that has the columns.

        Args:
            table: with or without the target, in whatever order.
            rows: that are taken, from 0; None: all.

        Raises:
            ValueError: a column is not there, of another kind than in training, or lacks a value that is needed.
        """
        blocks = [self._block(each, table.named(each.column, "inputs"), rows) for each in self.inputs]
        return blocks[0].concat(blocks[1:], dim=1) if len(blocks) > 1 else blocks[0]

    def answers(self, outputs: Tensor) -> list[str] | list[float]:
        """Returns what outputs (rows, outputs) say: the name of the largest logit's class, or a number in its unit."""
        found: list[list[float]] = outputs.tolist()
        if self.classes:
            return [self.classes[max(range(len(row)), key=row.__getitem__)] for row in found]
        return [row[0] * self.scale + self.mean for row in found]

    def plain(self) -> dict[str, Any]:
        """Returns it as plain data."""
        return asdict(self)

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "TableEncoding":
        """Takes back what `plain` returned, from a JSON file as well."""
        inputs = tuple(Input(**{**each, "categories": tuple(each["categories"])}) for each in data["inputs"])
        return cls(**{**data, "inputs": inputs, "classes": tuple(data["classes"])})

    def _block(self, each: Input, column: Column, rows: Sequence[int] | None) -> Tensor:
        count = column.rows if rows is None else len(rows)
        missing = set(column.missing)
        if missing and not self.fill:
            first = next((row for row in (rows or range(count)) if row in missing), None)
            if first is not None:
                raise ValueError(f"column {each.column!r}, row {first + 1}: the value is missing")
        places = range(column.rows) if rows is None else rows
        if each.categories:
            block = self._ones(each, column, places)
        elif column.numbers is None:
            text, row = column.stray or (column.texts[0] if column.texts else "", 1)
            raise ValueError(f"column {each.column!r}, row {row}: {text[:40]!r} is not a number")
        else:
            values = Tensor(column.numbers, (column.rows,), "float64")
            values = values if rows is None else values.take(list(rows))
            scaled = (values - each.mean) * (1 / each.scale)
            if missing:
                # 0 is the mean.
                scaled = Tensor(array("d", [0.0 if x != x else x for x in memoryview(scaled)]), (count,), "float64")
            block = scaled.astype("float32").reshape((count, 1))
        if each.indicator:
            flags = array("f", [float(row in missing) for row in places])
            block = block.concat([Tensor(flags, (count, 1))], dim=1)
        return block

    def _ones(self, each: Input, column: Column, places: Sequence[int]) -> Tensor:
        width = len(each.categories)
        number = {name: place for place, name in enumerate(each.categories)}
        if column.numbers is None:
            of_code = [number.get(text, -1) for text in column.texts]
            found = (of_code[code] if code != MISSING else -1 for code in map(column.codes.__getitem__, places))
        else:  # all of these texts look like numbers
            found = (number.get(f"{column.numbers[row]:g}", -1) for row in places)
        block = array("f", bytes(4 * width * len(places)))
        for start, place in zip(range(0, len(block), width), found, strict=True):
            if place >= 0:
                block[start + place] = 1.0
        return Tensor(block, (len(places), width))


def fitted(
    column: Column, rows: Sequence[int], missing: Missing, categories: Categories, *, standardize: bool
) -> Input | None:
    """Returns how a column is encoded, by the training rows; None: it is the same in all of them and tells nothing.

    Raises:
        ValueError: what of the column cannot be encoded, and what to try.
    """
    name = column.name
    if column.stray is not None:
        text, row = column.stray
        hint = "; with decimal=, it would be one" if text.count(",") == 1 and text.replace(",", "").isdigit() else ""
        raise ValueError(
            f"column {name!r}, row {row}: {text[:40]!r} is not a number, and most of its values are{hint}; "
            f"correct it, or leave the column out by ignore=[{name}]"
        )
    gaps = set(column.missing)
    if gaps and missing == "refuse":
        raise ValueError(
            f"column {name!r} lacks {len(gaps):,} of {column.rows:,} values, the first in row {min(gaps) + 1}: "
            "missing=drop leaves such rows out, missing=mean takes the mean, missing=indicator also says so"
        )
    indicator = missing == "indicator" and any(row in gaps for row in rows)
    if column.numbers is None:
        return _fitted_texts(column, rows, categories, indicator)
    values = [value for value in map(column.numbers.__getitem__, rows) if value == value]
    if not values or min(values) == max(values):
        return Input(name, values[0], 1.0, indicator=True) if values and indicator else None
    mean, scale = moments(values, name)
    return Input(name, mean, scale, indicator=indicator) if standardize else Input(name, indicator=indicator)


def _fitted_texts(column: Column, rows: Sequence[int], categories: Categories, indicator: bool) -> Input | None:
    name, shown = column.name, ", ".join(repr(text[:20]) for text in column.texts[:3])
    if len(column.texts) > MOST_CATEGORIES:
        raise ValueError(
            f"column {name!r} has {len(column.texts):,} different texts ({shown}, ...), and at most {MOST_CATEGORIES} "
            f"can be encoded: leave it out by ignore=[{name}], or make numbers of it"
        )
    if categories == "refuse":
        raise ValueError(
            f"column {name!r} has texts ({shown}): categories=onehot makes an input of each, "
            f"ignore=[{name}] leaves the column out"
        )
    seen = {column.texts[code] for code in map(column.codes.__getitem__, rows) if code != MISSING}
    if len(seen) < 2 and not indicator:
        return None
    return Input(name, categories=tuple(sorted(seen)), indicator=indicator) if seen else None


def moments(values: Sequence[float], name: str) -> tuple[float, float]:
    """Returns mean and standard deviation of values that are not all the same.

    Raises:
        ValueError: they are too far apart for floats.
    """
    largest = max(map(abs, values))
    mean = math.fsum(value / largest for value in values) / len(values) * largest
    deviation = math.sqrt(math.fsum(((value - mean) / largest) ** 2 for value in values) / len(values)) * largest
    if not 0 < deviation < math.inf or not math.isfinite(1 / deviation) or not math.isfinite(max(values) - min(values)):
        raise ValueError(f"column {name!r}: values from {min(values):g} to {max(values):g} cannot be standardised")
    return mean, deviation


def classes_of(column: Column) -> tuple[tuple[str, ...], list[int]]:
    """Returns the sorted names of a column's classes, and the number of each row's class.

    Raises:
        ValueError: one class, or too many.
    """
    if column.numbers is None:
        found = sorted(set(column.texts))
        number = {text: place for place, text in enumerate(found)}
        of_code = [number[text] for text in column.texts]
        labels, names = [of_code[code] for code in column.codes], found
    else:
        values = sorted(set(column.numbers))
        order = {value: place for place, value in enumerate(values)}
        labels = [order[value] for value in column.numbers]
        names = [str(int(value)) if value == int(value) else repr(value) for value in values]
    if len(names) < 2:
        raise ValueError(f"the target {column.name!r} has one class, {names[0]!r}; there is nothing to learn")
    if len(names) > MOST_CLASSES:
        raise ValueError(
            f"the target {column.name!r} has {len(names):,} classes, at most {MOST_CLASSES:,} can be told apart: "
            "task=regression, if it is a number"
        )
    return tuple(names), labels
