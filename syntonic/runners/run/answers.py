"""What a trained model answers to the rows of a file, as texts: classes, numbers in their own units, or outputs."""

import csv
import io
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks import preparation
from syntonic.benchmarks.image_preparation import IMAGES, batches, pictures
from syntonic.benchmarks.reading import read_rows
from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.reading.pictures import is_of_images
from syntonic.benchmarks.series_preparation import SERIES, Windows
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.kept_model import LoadedModel
from syntonic.runners.run.nested import leaves

_AT_ONCE: Final = 4096  # rows
Table = tuple[list[str], list[list[str]]]


@dataclass(frozen=True)
class _Asked:
    """The inputs of a file, some at a time; what stands before each answer; what is right, as far as the file says."""

    batches: Iterable[Any]
    mark: str = ""
    marks: Sequence[str] = ()
    truth: Sequence[str | None] = ()


def answers(model: LoadedModel, path: str) -> Table:
    """Returns names of columns and a row of texts for each row of a file, or for each image of a place.

    A model that was trained on a table or a series finds its columns by their names, whatever their order; other
    columns are passed over. One of images takes images. Any other takes as many numbers in a row as it has inputs.

    Args:
        model: the trained model.
        path: of a CSV or TSV file, an NPZ or a Parquet file; of images: see `reading.pictures`.

    Raises:
        RequestError: naming the row, the column or the file that does not fit.
    """
    return _answered(model, path)[0]


def judged(model: LoadedModel, path: str) -> dict[str, float]:
    """Returns how good the answers to a file are: accuracy, or root mean square error and R squared.

    Args:
        model: the trained model, of a table, a series or images.
        path: as of `answers`; it says what is right, in the column of the target or by folders of classes.

    Raises:
        RequestError: if it does not say so, or something does not fit.
    """
    prepared = model.facts.preparation
    if prepared is None or not isinstance(prepared.get("target"), str):
        raise RequestError(["only a model of benchmark=table, series or images knows what is to be told"])
    (_, rows), truth = _answered(model, path)
    if not truth:
        way = "names of folders or `y`" if prepared["kind"] == IMAGES else f"column {prepared['target']!r}"
        raise RequestError([f"{path} has no {way}, which would say what this model is to tell"])
    place = int(prepared["kind"] in (IMAGES, SERIES))  # a mark stands before their answers
    pairs = [(row[place], told) for row, told in zip(rows, truth, strict=True) if told is not None]
    if not pairs:
        raise RequestError([f"{path} ends before the first row that the model tells"])
    if prepared.get("classes"):
        right = sum(_same(one, other) for one, other in pairs)
        return {"rows": float(len(pairs)), "accuracy": right / len(pairs)}
    decimal = prepared.get("decimal", ".")
    if wrong := next((told for _, told in pairs if not _is_number(told.replace(decimal, "."))), None):
        raise RequestError([f"{path}: the target {wrong[:40]!r} is not a number"])
    return _errors([(float(one), float(told.replace(decimal, "."))) for one, told in pairs])


def _errors(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    error = sum((one - other) ** 2 for one, other in pairs) / len(pairs)
    mean = sum(other for _, other in pairs) / len(pairs)
    spread = sum((other - mean) ** 2 for _, other in pairs) / len(pairs)
    found = {"rows": float(len(pairs)), "rmse": math.sqrt(error)}
    return found | ({"r2": 1 - error / spread} if spread > 0 else {})


def _answered(model: LoadedModel, path: str) -> tuple[Table, Sequence[str | None]]:
    prepared = model.facts.preparation
    try:
        asked = _asked(model, path)
        outputs = [row for batch in asked.batches for row in model(batch)]
        header, cells = _plain(outputs) if prepared is None else preparation.answers(prepared, outputs)
    except ValueError as error:
        raise RequestError([str(error)]) from error
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"
        raise RequestError([f"what the model tells of its data cannot be used: {told}"]) from error
    if not asked.mark:
        return (header, cells), asked.truth
    marked = [[mark, *row] for mark, row in zip(asked.marks, cells, strict=True)]
    return ([asked.mark, *header], marked), asked.truth


def _asked(model: LoadedModel, path: str) -> _Asked:
    prepared = model.facts.preparation
    kind = None if prepared is None else prepared["kind"]
    if prepared is not None and kind == IMAGES and is_of_images(path):
        found, classes = pictures(prepared, path), prepared["classes"]
        truth = found.labels if found.labels and {*found.labels} <= {*classes} else []
        return _Asked(batches(prepared, found, _AT_ONCE), "image", found.names, truth)
    header, rows = _rows(model, path)
    if prepared is None or kind == IMAGES:
        return _Asked(_cut(_numbers(model, rows)))
    names = [name.strip() for name in header]
    place = names.index(prepared["target"]) if prepared.get("target") in names else None
    truth = [] if place is None else [row[place].strip() for row in rows]
    if kind != SERIES:
        return _Asked(_cut(preparation.encode(prepared, header, rows)), truth=truth)
    windows = Windows(prepared, header, rows)
    told = [truth[row - 1] if row <= len(truth) else None for row in windows.told] if truth else []
    return _Asked(windows.batches(_AT_ONCE), "row", [str(row) for row in windows.told], told)


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


def _cut(inputs: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(inputs), _AT_ONCE):
        yield inputs[start : start + _AT_ONCE]


def _plain(outputs: Sequence[Any]) -> Table:
    found = [[repr(value) for value in leaves(row)] for row in outputs]
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
