"""Images that a trained model is given, with names to answer by: files, a folder of them, NPZ or IDX."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.reading.idx import read_idx
from syntonic.benchmarks.reading.npz import arrays_of_npz
from syntonic.benchmarks.reading.pixels import ENDINGS, MOST_PIXELS, decode

_ZIP: Final = b"PK\x03\x04"
_IDX: Final = (b"\x1f\x8b", b"\0\0\x08\x03")
GIVEN: Final = "a PNG or JPEG file, a folder of them, an NPZ file with `x`, or an IDX file of images"


@dataclass(frozen=True)
class Pictures:
    """Images of one shape.

    Attributes:
        names: of each: its path within the folder, or its number from 1.
        pixels: (rows, height, width, channels), one value each; bytes, or floats.
        labels: the class of each, where the data says so; empty if it does not.
    """

    names: list[str]
    pixels: "bytes | bytearray | array[Any]"
    labels: list[str]


def is_of_images(path: str) -> bool:
    """Whether a path is of images, and not of a table of their numbers."""
    place = Path(path).expanduser()
    if _is_of_files(place):
        return True
    try:
        with place.open("rb") as file:
            return file.read(4).startswith((_ZIP, *_IDX))
    except OSError:
        return False


def read_pictures(path: str, shape: tuple[int, ...]) -> Pictures:
    """Reads the images of a place, each of `shape` (height, width, channels).

    Raises:
        ValueError: what is wrong with which file.
    """
    place = Path(path).expanduser()
    if _is_of_files(place):
        return _of_files(place, shape)
    return _of_npz(path, shape) if content(path, "images")[:4] == _ZIP else _of_idx(place, shape)


def _is_of_files(place: Path) -> bool:
    return place.is_dir() or place.suffix.lower() in ENDINGS


def _of_files(place: Path, shape: tuple[int, ...]) -> Pictures:
    files = sorted(_within(place)) if place.is_dir() else [place]
    if not files:
        raise ValueError(f"the folder {place} has no files that end in {', '.join(ENDINGS)}")
    if len(files) * math.prod(shape) > MOST_PIXELS:
        raise ValueError(f"{place} has more than {MOST_PIXELS:,} values; give a part of it")
    pixels = bytearray()
    for path in files:
        found, values = decode(path, content(str(path), "image"))
        _fits(str(path), found, shape)
        pixels += values
    names = [str(path.relative_to(place)) if place.is_dir() else path.name for path in files]
    return Pictures(names, pixels, [path.parent.name for path in files] if place.is_dir() else [])


def _within(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS and not hidden and path.is_file():
            yield path


def _of_npz(path: str, shape: tuple[int, ...]) -> Pictures:
    try:
        arrays = arrays_of_npz(content(path, "images"))
        part = next((part for part in ("", "_test") if f"x{part}" in arrays), None)
        if part is None:
            raise ValueError("has no array 'x'")
        stored, labels = arrays[f"x{part}"], arrays.get(f"y{part}")
        if stored.values is None or len(stored.shape) not in (3, 4):
            raise ValueError(f"array 'x{part}' has shape {stored.shape}; expected (rows, height, width, channels)")
        _fits(f"array 'x{part}'", (*stored.shape[1:], 1)[:3], shape)
        if stored.values.typecode != "B" and not all(map(math.isfinite, stored.values)):
            raise ValueError(f"array 'x{part}' holds a value that is not finite")
    except ValueError as error:
        raise ValueError(f"the images {path}: {error}") from error
    pixels = stored.values.tobytes() if stored.values.typecode == "B" else stored.values
    told = [] if labels is None or labels.values is None else [f"{value:g}" for value in labels.values]
    return Pictures(_numbers(stored.shape[0]), pixels, told)


def _of_idx(place: Path, shape: tuple[int, ...]) -> Pictures:
    found, pixels = read_idx(place)
    _fits(str(place), (*found[1:], 1)[:3], shape)
    return Pictures(_numbers(found[0]), pixels, [])


def _fits(what: str, found: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if found != shape:
        told = [" x ".join(map(str, each)) for each in (found, shape)]
        raise ValueError(f"{what} is {told[0]} (height, width, channels), and the model takes {told[1]}")


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]
