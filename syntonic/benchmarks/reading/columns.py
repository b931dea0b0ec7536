"""What every table is once it is read: columns of the same length, each of numbers or of texts."""

import difflib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

MISSING: Final = -1
"""The code of a text that is missing; a number that is missing is NaN."""
ABSENT: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--"})
"""Texts, in small letters, that say that there is no value."""


@dataclass
class Column:
    """One column.

    Attributes:
        name: in the file; of a file without names the number of the column, from 0.
        numbers: (rows,) float64, NaN where one is missing; None: the column has texts.
        codes: (rows,) the place of each row's text in `texts`, MISSING where there is none.
        texts: the different texts, in the order of their first rows.
        stray: a text, and its row from 1, among what are mostly numbers; None: there is none.
    """

    name: str
    numbers: "array[float] | None" = None
    codes: "array[int]" = field(default_factory=lambda: array("l"))
    texts: list[str] = field(default_factory=list)
    stray: tuple[str, int] | None = None

    @property
    def rows(self) -> int:
        """How many values there are, missing ones included."""
        return len(self.codes if self.numbers is None else self.numbers)

    @cached_property
    def missing(self) -> list[int]:
        """The rows, from 0, in which there is no value; asked for when the column is whole."""
        if self.numbers is None:
            return [row for row, code in enumerate(self.codes) if code == MISSING]
        return [row for row, value in enumerate(self.numbers) if value != value]


@dataclass(frozen=True)
class Columns:
    """A table.

    Attributes:
        columns: by name, in the order of the file.
        form: what the file is, for people: "CSV, utf-8".
    """

    columns: dict[str, Column]
    form: str

    @property
    def rows(self) -> int:
        """Rows of each column."""
        return next(iter(self.columns.values())).rows

    def named(self, name: str, key: str) -> Column:
        """Returns one column.

        Raises:
            ValueError: there is none of that name, which `benchmark.<key>` asked for.
        """
        if name not in self.columns:
            raise ValueError(f"{key}={name}: the table has no such column{known_names(name, list(self.columns))}")
        return self.columns[name]


def known_names(given: str, names: Sequence[str], most: int = 12) -> str:
    """Returns the end of a message: the nearest name, or the first of them."""
    near = difflib.get_close_matches(given, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"; it has {', '.join(map(repr, names[:most]))}{more}"
