"""Reads a table, whatever its file is: the first bytes tell."""

from collections.abc import Collection
from typing import Final

from syntonic.benchmarks.reading.columns import Columns
from syntonic.benchmarks.reading.delimited import columns_of_text
from syntonic.benchmarks.reading.npz import columns_of_npz
from syntonic.benchmarks.reading.parquet import columns_of_parquet

TABLES: Final = "a CSV or TSV file, an NPZ file of arrays, or a Parquet file"


def read_columns(
    path: str,
    data: bytes,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    decimal: str = ".",
    without: Collection[str] = (),
) -> Columns:
    """Reads a table.

    Args:
        path: of the file, for messages.
        data: its bytes.
        separator: of a text; None: it is found, as are the next two.
        encoding: of a text.
        header: whether the first row of a text is names.
        decimal: the sign between the whole and the fraction of a number, of a text.
        without: names of columns that are not looked at.

    Raises:
        ValueError: what is wrong, where, and what to try.
    """
    if not data:
        raise ValueError(f"the table {path} is empty; give {TABLES}")
    try:
        if data[:4] == b"PK\x03\x04":
            found = columns_of_npz(data, without)
        elif data[:4] == b"PAR1":
            found = columns_of_parquet(data, without)
        else:
            found = columns_of_text(data, separator, encoding, header, decimal, without)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"the table {path}: {error}") from error
    if not found.rows:
        raise ValueError(f"the table {path} has names of columns and no rows")
    return found
