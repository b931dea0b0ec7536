"""Rows of a file as texts, with the names of its columns: what a trained model is given."""

from itertools import chain

from syntonic.benchmarks.reading.columns import Column, Columns
from syntonic.benchmarks.reading.delimited import rows_of_text
from syntonic.benchmarks.reading.table_file import TABLES, read_columns

Rows = tuple[list[str], list[list[str]]]


def read_rows(path: str, data: bytes, *, decimal: str = ".") -> Rows:
    """Returns the names of the columns, and a list of as many texts for each row.

    Args:
        path: of the file, for messages.
        data: its bytes.
        decimal: the sign between the whole and the fraction of a number, of a text.

    Raises:
        ValueError: what is wrong and where.
    """
    if not data:
        raise ValueError(f"the table {path} is empty; give {TABLES}")
    if data[:4] in (b"PK\x03\x04", b"PAR1"):
        return _texts(read_columns(path, data))
    try:
        return rows_of_text(data, decimal)
    except ValueError as error:
        raise ValueError(f"the table {path}: {error}") from error


def _texts(table: Columns) -> Rows:
    columns = [list(_cells(column)) for column in table.columns.values()]
    return list(table.columns), [list(row) for row in zip(*columns, strict=True)]


def _cells(column: Column) -> "chain[str]":
    if column.numbers is not None:
        return chain("" if value != value else repr(value) for value in column.numbers)
    return chain("" if code < 0 else column.texts[code] for code in column.codes)
