"""NPZ files, NumPy's zip of arrays, read without NumPy.

Format: the NPY format of NumPy's documentation (magic, version, a header that is a Python literal, the elements).
"""

import ast
import io
import struct
import sys
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from syntonic.benchmarks.reading.columns import MISSING, Column, Columns
from syntonic.benchmarks.reading.content import MOST_BYTES

_MAGIC: Final = b"\x93NUMPY"
_LONGEST_HEADER: Final = 100_000
_CODES: Final = {
    **{"f2": "e", "f4": "f", "f8": "d", "i1": "b", "i2": "h", "i4": "i", "i8": "q"},
    **{"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "b1": "B"},
}


@dataclass(frozen=True)
class Stored:
    """One array of a file.

    Attributes:
        shape: of it.
        values: its elements in the order of rows, in the file's format; None: they are texts.
        texts: the same of an array of texts.
    """

    shape: tuple[int, ...]
    values: "array[Any] | None"
    texts: list[str]


def arrays_of_npz(data: bytes, without: Collection[str] = ()) -> dict[str, Stored]:
    """Returns the arrays by name.

    Raises:
        ValueError: no such file, or an array of another kind than numbers and texts.
    """
    import zipfile  # not for the many commands that read no such file

    found: dict[str, Stored] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.infolist() if m.filename.removesuffix(".npy") not in without]
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise ValueError(f"its arrays have more than {MOST_BYTES:,} bytes; give a part of them")
            for member in members:
                name = member.filename.removesuffix(".npy")
                found[name] = _array(name, archive.read(member))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"is no NPZ file that can be read: {error}") from error
    if not found:
        raise ValueError("holds no arrays")
    return found


def columns_of_npz(data: bytes, without: Collection[str]) -> Columns:
    """Returns a table: an array (rows,) is a column, an array (rows, n) is n of them, `name.0` to `name.(n-1)`."""
    columns: dict[str, Column] = {}
    rows: tuple[str, int] | None = None
    for name, stored in arrays_of_npz(data, without).items():
        if len(stored.shape) not in (1, 2):
            raise ValueError(
                f"array {name!r} has shape {stored.shape}; a column is (rows,), or (rows, n) for n of them"
            )
        rows = rows or (name, stored.shape[0])
        if stored.shape[0] != rows[1]:
            raise ValueError(f"array {name!r} has {stored.shape[0]} rows and {rows[0]!r} has {rows[1]}")
        width = stored.shape[1] if len(stored.shape) == 2 else 1
        for place in range(width):
            label = f"{name}.{place}" if len(stored.shape) == 2 else name
            if label not in without:
                if label in columns:
                    raise ValueError(f"two columns are called {label!r}; give each its own name")
                columns[label] = _column(label, stored, place, width)
    if not columns:
        raise ValueError("has no column that is not ignored")
    return Columns(columns, "NPZ")


def _column(label: str, stored: Stored, place: int, width: int) -> Column:
    if stored.values is not None:
        numbers = array("d", stored.values[place::width])
        for row, value in enumerate(numbers):
            if value in (float("inf"), float("-inf")):
                raise ValueError(f"column {label!r}, row {row + 1}: {value} is no finite number")
        return Column(label, numbers)
    column, known = Column(label), dict[str, int]()
    for word in stored.texts[place::width]:
        column.codes.append(known.setdefault(word, len(known)) if word else MISSING)
    column.texts = list(known)
    return column


def _array(name: str, data: bytes) -> Stored:
    if data[:6] != _MAGIC or len(data) < 12:
        raise ValueError(f"array {name!r} is no NPY array")
    wide = data[6] > 1
    length = struct.unpack_from("<I" if wide else "<H", data, 8)[0]
    start = (12 if wide else 10) + length
    if length > _LONGEST_HEADER:
        raise ValueError(f"array {name!r} has a header of {length:,} bytes")
    try:
        header = ast.literal_eval(data[12 if wide else 10 : start].decode("latin-1"))
        kind, is_columns, shape = header["descr"], header["fortran_order"], tuple(header["shape"])
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"array {name!r} has a header that cannot be read") from error
    if not isinstance(kind, str) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"array {name!r} is of kind {kind}; numbers and texts can be read, no records")
    count = 1
    for n in shape:
        count *= n
    order, letters = kind[0], kind[1:]
    if order not in "<>|=" or not (letters in _CODES or letters[:1] in ("U", "S")):
        raise ValueError(f"array {name!r} is of kind {kind}; numbers and texts can be read")
    values, texts = None, list[str]()
    if letters in _CODES:
        values = _numbers(name, data, start, count, order, letters)
    else:
        texts = _texts(name, data, start, count, order, letters)
    if is_columns and len(shape) == 2:
        places = [column * shape[0] + row for row in range(shape[0]) for column in range(shape[1])]
        values = None if values is None else array(values.typecode, [values[place] for place in places])
        texts = [texts[place] for place in places] if texts else texts
    elif is_columns and len(shape) > 2:
        raise ValueError(f"array {name!r} is stored column by column; save it with numpy.ascontiguousarray")
    return Stored(shape, values, texts)


def _numbers(name: str, data: bytes, start: int, count: int, order: str, letters: str) -> "array[Any]":
    code = _CODES[letters]
    size = struct.calcsize(code)
    if len(data) - start != count * size:
        raise ValueError(f"array {name!r} has {len(data) - start} bytes of elements, its shape needs {count * size}")
    if code == "e":
        return array("d", struct.unpack_from(f"{'>' if order == '>' else '<'}{count}e", data, start))
    held = array(code)
    held.frombytes(data[start:])
    if size > 1 and (order == ">") != (sys.byteorder == "big"):
        held.byteswap()
    return held


def _texts(name: str, data: bytes, start: int, count: int, order: str, letters: str) -> list[str]:
    each = int(letters[1:] or 0) * (4 if letters[0] == "U" else 1)
    if len(data) - start != count * each:
        raise ValueError(f"array {name!r} has {len(data) - start} bytes of elements, its shape needs {count * each}")
    coding = ("utf-32-be" if order == ">" else "utf-32-le") if letters[0] == "U" else "utf-8"
    cells = (data[start + i * each : start + (i + 1) * each] for i in range(count))
    return [cell.decode(coding, "replace").rstrip("\0").strip() for cell in cells]
