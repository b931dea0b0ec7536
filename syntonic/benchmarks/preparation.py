"""What a trained model needs of its benchmark to be given new rows: the same encoding as in training, and its answers.

`benchmark.preparation()` is plain data, to be kept with the weights.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntonic.benchmarks.reading import Column, Columns
from syntonic.benchmarks.reading.columns import ABSENT, MISSING
from syntonic.benchmarks.reading.delimited import number
from syntonic.benchmarks.table_encoding import TableEncoding

TABLE: Final = "table"
"""What `preparation()["kind"]` is of a table."""


def encode(preparation: Mapping[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[float]]:
    """Returns the inputs (rows, inputs) that the model was trained to see; columns that it did not see are passed over.

    Args:
        preparation: what `benchmark.preparation()` said.
        header: names of the columns.
        rows: as many texts each as there are names.

    Raises:
        ValueError: naming the column and the row, from 1, of what cannot be encoded.
    """
    encoding = _encoding(preparation)
    place = {name.strip(): column for column, name in enumerate(header)}
    columns: dict[str, Column] = {}
    for each in encoding.inputs:
        if each.column not in place:
            raise ValueError(f"column {each.column!r} is missing; the model was trained on it")
        cells = [row[place[each.column]] for row in rows]
        decimal = preparation.get("decimal", ".")
        columns[each.column] = _texts(each.column, cells) if each.categories else numbers(each.column, cells, decimal)
    if not rows:
        return []
    found: list[list[float]] = encoding.encode(Columns(columns, "rows")).tolist()
    return found


def answers(preparation: Mapping[str, Any], outputs: Sequence[Sequence[float]]) -> tuple[list[str], list[list[str]]]:
    """Returns names of columns and a row of texts for each output: the class and each one's probability, or the number.

    Args:
        preparation: what `benchmark.preparation()` said, of whatever kind.
        outputs: of the model, (rows, outputs).
    """
    target, classes = str(preparation["target"]), list(preparation.get("classes", ()))
    if not classes:
        mean, scale = preparation["mean"], preparation["scale"]
        return [target], [[repr(row[0] * scale + mean)] for row in outputs]
    cells = [
        [str(classes[max(range(len(row)), key=row.__getitem__)]), *(f"{p:.6g}" for p in _softmax(row))]
        for row in outputs
    ]
    return [target, *(f"probability of {name}" for name in classes)], cells


def _encoding(preparation: Mapping[str, Any]) -> TableEncoding:
    if preparation.get("kind") != TABLE:
        raise ValueError(f"rows of a table are asked for, and this model was trained on {preparation.get('kind')!r}")
    return TableEncoding.from_plain(
        {key: value for key, value in preparation.items() if key not in ("kind", "decimal")}
    )


def numbers(name: str, cells: Sequence[str], decimal: str) -> Column:
    """Returns a column of texts as numbers.

    Raises:
        ValueError: naming the row, from 1, of what is none.
    """
    values = array("d")
    for row, cell in enumerate(cells):
        try:
            values.append(number(cell, decimal))
        except ValueError:
            raise ValueError(f"column {name!r}, row {row + 1}: {cell[:40]!r} is not a number") from None
        except OverflowError:
            raise ValueError(f"column {name!r}, row {row + 1}: {cell[:40]} is no finite number") from None
    return Column(name, values)


def _texts(name: str, cells: Sequence[str]) -> Column:
    column, known = Column(name), dict[str, int]()
    for cell in cells:
        word = cell.strip()
        column.codes.append(MISSING if word.lower() in ABSENT else known.setdefault(word, len(known)))
    column.texts = list(known)
    return column


def _softmax(row: Sequence[float]) -> list[float]:
    most = max(row)
    shares = [math.exp(value - most) for value in row]
    return [share / sum(shares) for share in shares]
