"""Tables as text: CSV, TSV and their like, with the separator, the names of the columns and the kinds of values found.

A first pass reads numbers, chunk by chunk; columns in which a text turns up are read again in a second one.
"""

import csv
import io
import math
from array import array
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from syntonic.benchmarks.reading.columns import ABSENT, MISSING, Column, Columns
from syntonic.benchmarks.reading.decoding import decoded

SEPARATORS: Final = (",", ";", "\t", "|")
_LOOKED_AT: Final = 50  # rows in which the separator is looked for
_LOOKED_INTO: Final = 2**20  # characters
_CHUNK: Final = 8192  # rows
_FIELD: Final = 2**20  # characters of a value
_FORMS: Final = {",": "CSV", "\t": "TSV"}
Rows = Iterator[list[list[str]]]


def columns_of_text(
    data: bytes,
    separator: str | None,
    encoding: str | None,
    header: bool | None,
    decimal: str,
    without: Collection[str],
) -> Columns:
    """Reads a table; the arguments are those of `read_columns`.

    Raises:
        ValueError: naming the line.
    """
    text, encoding = decoded(data, encoding)
    if not text.strip():
        raise ValueError("is empty")
    separator = separator or _separator(text)
    first = next(chain.from_iterable(_chunks(text, separator, None)))
    if header is None:
        # A row of which no value is a number, and none is missing but perhaps the name of the first, is names.
        header = not any(_is_number(cell, decimal) for cell in first)
    names = _names(first) if header else [str(place) for place in range(len(first))]
    wanted = [place for place, name in enumerate(names) if name not in without]
    if not wanted:
        raise ValueError("has no column that is not ignored")
    columns = {place: Column(names[place], array("d")) for place in wanted}
    textual = _read_numbers(text, separator, len(names), header, decimal, columns)
    if textual:
        _read_texts(text, separator, len(names), header, decimal, {place: columns[place] for place in textual})
    found = {columns[place].name: columns[place] for place in wanted}
    return Columns(found, f"{_FORMS.get(separator, f'separated by {separator!r}')}, {encoding}")


def rows_of_text(data: bytes, decimal: str) -> tuple[list[str], list[list[str]]]:
    """Returns the names of the columns and all rows as texts; separator, encoding and names are found.

    Raises:
        ValueError: naming the line.
    """
    text, _ = decoded(data, None)
    if not text.strip():
        raise ValueError("is empty")
    separator = _separator(text)
    first = next(chain.from_iterable(_chunks(text, separator, None)))
    header = not any(_is_number(cell, decimal) for cell in first)
    names = _names(first) if header else [str(place) for place in range(len(first))]
    rows = list(chain.from_iterable(_chunks(text, separator, len(names))))
    return names, rows[int(header) :]


def _chunks(text: str, separator: str, width: int | None) -> Rows:
    """Yields lists of rows, blank ones left out; `width` is how many values each must have."""
    csv.field_size_limit(_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        while batch := list(islice(reader, _CHUNK)):
            rows = [row for row in batch if len(row) > 1 or (row and row[0].strip())]
            if width is not None and not {width}.issuperset(map(len, rows)):
                raise ValueError(_odd_row(text, separator, width))
            if rows:
                yield rows
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _odd_row(text: str, separator: str, width: int) -> str:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    odd = next(row for row in reader if len(row) != width and (len(row) > 1 or (row and row[0].strip())))
    return f"line {reader.line_num} has {len(odd)} values, and the first row has {width}"


def _separator(text: str) -> str:
    """Returns the separator that cuts the first rows into equally many values, the most."""
    best, most = ",", 1
    for candidate in SEPARATORS:
        sample = io.StringIO(text[:_LOOKED_INTO], newline="")
        try:
            reader = csv.reader(sample, delimiter=candidate, strict=True)
            widths = {len(row) for row in islice(reader, _LOOKED_AT) if row}
        except csv.Error:
            continue
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = candidate, width
    return best


def _names(first: Sequence[str]) -> list[str]:
    names = [name.strip() or f"column {place}" for place, name in enumerate(first)]
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise ValueError(f"two columns are called {twice[0]!r}; give each its own name")
    return names


def _is_number(text: str, decimal: str) -> bool:
    try:
        number(text, decimal)
    except ValueError:
        return False
    return text.strip().lower() not in ABSENT


def number(text: str, decimal: str) -> float:
    """Returns the number that a text is, NaN of what is missing.

    Raises:
        ValueError: it is something else; what is infinite raises OverflowError.
    """
    word = text.strip()
    if word.lower() in ABSENT:
        return math.nan
    if "_" in word:  # Python would take 1_000
        raise ValueError
    value = float(word.replace(",", ".") if decimal == "," else word)
    if math.isinf(value):
        raise OverflowError
    return value


def _read_numbers(
    text: str, separator: str, width: int, header: bool, decimal: str, columns: dict[int, Column]
) -> list[int]:
    """Fills columns of numbers and returns the places of the others."""
    left, done = dict(columns), 0
    for part, rows in enumerate(_chunks(text, separator, width)):
        values = list(zip(*(rows[int(header) :] if part == 0 else rows), strict=True))
        for place, column in list(left.items()) if values else ():
            try:
                _numbers_of(column, values[place], decimal)
            except ValueError:
                del left[place]
                column.numbers = None
            except OverflowError:
                row = next(r for r, cell in enumerate(values[place]) if _is_infinite(cell, decimal))
                raise ValueError(
                    f"column {column.name!r}, row {done + row + 1}: {values[place][row][:40]} is no finite number"
                ) from None
        done += len(rows) - (int(header) if part == 0 else 0)
    return [place for place in columns if place not in left]


def _numbers_of(column: Column, cells: Sequence[str], decimal: str) -> None:
    assert column.numbers is not None
    if decimal == ".":
        try:  # the common case, at the speed of C
            found = array("d", map(float, cells))
        except ValueError:
            found = array("d")
        if found and math.isfinite(sum(found)) and "_" not in "".join(cells):
            column.numbers.extend(found)
            return
    column.numbers.extend([number(cell, decimal) for cell in cells])


def _is_infinite(cell: str, decimal: str) -> bool:
    try:
        number(cell, decimal)
    except OverflowError:
        return True
    except ValueError:
        pass
    return False


def _read_texts(text: str, separator: str, width: int, header: bool, decimal: str, columns: dict[int, Column]) -> None:
    """Fills columns of texts."""
    known: dict[int, dict[str, int]] = {place: {} for place in columns}
    for part, rows in enumerate(_chunks(text, separator, width)):
        for place, column in columns.items():
            codes = known[place]
            for row in rows[int(header) :] if part == 0 else rows:
                word = row[place].strip()
                code = codes.get(word)
                if code is None:
                    code = MISSING if word.lower() in ABSENT else len(column.texts)
                    codes[word] = code
                    if code != MISSING:
                        column.texts.append(word)
                column.codes.append(code)
    for column in columns.values():
        _look_for_strays(column, decimal)


def _look_for_strays(column: Column, decimal: str) -> None:
    # A column that is mostly numbers was meant to be one.
    are_numbers = [_is_number(word, decimal) for word in column.texts]
    codes = [code for code in column.codes if code != MISSING]
    if 2 * sum(are_numbers[code] for code in codes) >= len(codes) > 0:
        row = next(row for row, code in enumerate(column.codes) if code != MISSING and not are_numbers[code])
        column.stray = column.texts[column.codes[row]], row + 1
