"""What a trained model answers to the rows of a file, as texts: classes, numbers in their own units, or outputs."""

import csv
import io
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks import preparation
from syntonic.benchmarks.reading import read_rows
from syntonic.benchmarks.reading.content import content
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.kept_model import LoadedModel

_AT_ONCE: Final = 4096  # rows
Table = tuple[list[str], list[list[str]]]


def answers(model: LoadedModel, path: str) -> Table:
    """Returns names of columns and a row of texts for each row of a file.

    A model that was trained on a table finds its columns by their names, whatever their order; other columns are passed
    over. Any other model takes as many numbers in a row as it has inputs.

    Args:
        model: the trained model.
        path: of a CSV or TSV file, an NPZ or a Parquet file.

    Raises:
        RequestError: naming the row or the column that does not fit.
    """
    prepared = model.facts.preparation
    try:
        header, rows = _rows(model, path)
        if prepared is None:
            return _plain(model, _numbers(model, rows))
        outputs = list(_outputs(model, preparation.encode(prepared, header, rows)))
        return preparation.answers(prepared, outputs)
    except ValueError as error:
        raise RequestError([str(error)]) from error
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"
        raise RequestError([f"what the model tells of the columns of its table cannot be used: {told}"]) from error


def judged(model: LoadedModel, path: str) -> dict[str, float]:
    """Returns how good the answers to the rows of a table are: accuracy, or root mean square error and R squared.

    Args:
        model: the trained model, of a table.
        path: of a file that has the column of the target too.

    Raises:
        RequestError: if that column is missing, or a row does not fit.
    """
    prepared = model.facts.preparation
    if prepared is None or not isinstance(prepared.get("target"), str):
        raise RequestError(["only a model of benchmark=table knows which column is to be told"])
    named = [row[0] for row in answers(model, path)[1]]
    header, rows = _rows(model, path)
    if prepared["target"] not in header:
        raise RequestError([f"{path} has no column {prepared['target']!r}, which is the target of this model"])
    place = header.index(prepared["target"])
    told = [row[place].strip() for row in rows]
    if prepared.get("classes"):
        right = sum(_same(one, other) for one, other in zip(named, told, strict=True))
        return {"rows": float(len(told)), "accuracy": right / len(told)}
    if wrong := next((cell for cell in told if not _is_number(cell)), None):
        raise RequestError([f"{path}: the target {wrong[:40]!r} is not a number"])
    truth = [float(cell) for cell in told]
    error = sum((float(one) - other) ** 2 for one, other in zip(named, truth, strict=True)) / len(truth)
    mean = sum(truth) / len(truth)
    spread = sum((value - mean) ** 2 for value in truth) / len(truth)
    found = {"rows": float(len(truth)), "rmse": math.sqrt(error)}
    return found | ({"r2": 1 - error / spread} if spread > 0 else {})


def written(path: Path, table: Table) -> None:
    """Writes answers as CSV, whole or not at all.

    Raises:
        OSError: if the disk refuses it.
    """
    hidden = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        hidden.write_text(as_csv(table), encoding="utf-8")
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def as_csv(table: Table) -> str:
    """Returns answers as the text of a CSV file."""
    place = io.StringIO()
    writer = csv.writer(place, lineterminator="\n")
    writer.writerow(table[0])
    writer.writerows(table[1])
    return place.getvalue()


def _rows(model: LoadedModel, path: str) -> Table:
    decimal = (model.facts.preparation or {}).get("decimal", ".")
    header, rows = read_rows(path, content(path, "table"), decimal=decimal)
    if not rows:
        raise ValueError(f"{path} has names of columns and no rows")
    return header, rows


def _same(one: str, other: str) -> bool:
    return one == other or (_is_number(one) and _is_number(other) and float(one) == float(other))


def _outputs(model: LoadedModel, inputs: Sequence[Sequence[float]]) -> Iterator[Any]:
    for start in range(0, len(inputs), _AT_ONCE):
        yield from model(inputs[start : start + _AT_ONCE])


def _plain(model: LoadedModel, inputs: Sequence[Any]) -> Table:
    found = [[repr(value) for value in _leaves(row)] for row in _outputs(model, inputs)]
    return [f"output_{number}" for number in range(len(found[0]))], found


def _numbers(model: LoadedModel, rows: Sequence[Sequence[str]]) -> list[Any]:
    shape = model.facts.input_shape
    wanted = math.prod(shape)
    found = []
    for number, row in enumerate(rows, start=1):
        if len(row) != wanted:
            raise ValueError(f"row {number} has {len(row)} values; the model takes {wanted}")
        try:
            values = [float(cell) for cell in row]
        except ValueError:
            wrong = next(cell for cell in row if not _is_number(cell))
            raise ValueError(f"row {number}: {wrong[:40]!r} is not a number") from None
        if not all(map(math.isfinite, values)):
            raise ValueError(f"row {number} holds a value that is NaN or infinite")
        found.append(_nested(values, shape))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _nested(values: list[Any], shape: Sequence[int]) -> list[Any]:
    for size in reversed(shape[1:]):
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values


def _leaves(tree: Any) -> Iterator[float]:  # noqa: ANN401 (lists within lists)
    if isinstance(tree, list):
        for branch in tree:
            yield from _leaves(branch)
    else:
        yield tree
