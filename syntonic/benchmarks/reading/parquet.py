"""Parquet files, by pyarrow: the extra `parquet`."""

import math
from array import array
from collections.abc import Collection
from typing import Any

from syntonic.benchmarks.reading.columns import MISSING, Column, Columns


def columns_of_parquet(data: bytes, without: Collection[str]) -> Columns:
    """Returns a table: numbers and truth values as numbers, all else as texts.

    Raises:
        ValueError: pyarrow is not installed, or cannot read the file, or a column holds lists or records.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ValueError("is a Parquet file; `pip install 'syntonic[parquet]'` brings what reads it") from None
    try:
        table = pq.read_table(pa.BufferReader(data))
        names = table.column_names
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise ValueError(f"two columns are called {twice[0]!r}; give each its own name")
        wanted = [name for name in names if name not in without]
        if not wanted:
            raise ValueError("has no column that is not ignored")
        return Columns({name: _column(pa, name, table.column(name)) for name in wanted}, "Parquet")
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"cannot be read as Parquet: {' '.join(str(error).split())}") from error


def _column(pa: Any, name: str, values: Any) -> Column:  # noqa: ANN401 (pyarrow has no types)
    kind = values.type
    if pa.types.is_nested(kind):
        raise ValueError(f"column {name!r} holds {kind}; a value is one number or one text")
    if any(
        test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    ):
        # Through small integers, where there is no cast of truth values to floats.
        values = values.cast(pa.int8()) if pa.types.is_boolean(kind) else values
        held = values.cast(pa.float64(), safe=False).fill_null(math.nan).combine_chunks()
        held = held if isinstance(held, pa.Array) else pa.concat_arrays(held.chunks)
        numbers = array("d", memoryview(held.buffers()[1]).cast("d")[held.offset : held.offset + len(held)])
        for row, value in enumerate(numbers):
            if math.isinf(value):
                raise ValueError(f"column {name!r}, row {row + 1}: {value} is no finite number")
        return Column(name, numbers)
    words = (values if pa.types.is_string(kind) else values.cast(pa.string())).to_pylist()
    column, known = Column(name), dict[str, int]()
    for word in words:
        column.codes.append(known.setdefault(word.strip(), len(known)) if word and word.strip() else MISSING)
    column.texts = list(known)
    return column
