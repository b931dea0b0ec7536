"""Images as bytes, wherever they come from: a folder for each class, NPZ, IDX."""

import hashlib
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.reading.idx import find_idx, read_idx
from syntonic.benchmarks.reading.npz import Stored, arrays_of_npz

MOST_PIXELS: Final = 2**28
"""Values of all images together: they are floats in memory."""
ENDINGS: Final = (".png", ".jpg", ".jpeg")
FORMS: Final = "a folder with one of images for each class, an NPZ file, or a folder of MNIST's four IDX files"
_SPLITS: Final = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class Images:
    """Images of one shape.

    Attributes:
        shape: of one: (height, width, channels).
        pixels: (rows, *shape), one value each; bytes, or floats.
        labels: (rows,) the number of each one's class.
    """

    shape: tuple[int, ...]
    pixels: "bytes | bytearray | array[Any]"
    labels: list[int]


@dataclass(frozen=True)
class Found:
    """What there is in a place.

    Attributes:
        splits: by name; "all" where nothing is split yet.
        classes: the names of the classes.
        digest: the SHA-256 of all that was read.
        form: what the place is, for people.
    """

    splits: dict[str, Images]
    classes: tuple[str, ...]
    digest: str
    form: str


def read_images(path: str) -> Found:
    """Reads all images of a place.

    Raises:
        ValueError: what is wrong, with which file, and what to try.
    """
    place = Path(path).expanduser()
    if not place.is_dir():
        return _of_npz(path)
    if idx := find_idx(place):
        return _of_idx(idx)
    return _of_folder(place)


def _of_idx(found: dict[str, tuple[Path, Path]]) -> Found:
    splits, classes, digest = {}, 0, hashlib.sha256()
    for name, (images, labels) in found.items():
        shape, pixels = read_idx(images)
        (count, *_), numbers = read_idx(labels)
        if len(shape) != 3 or shape[0] != count:
            raise ValueError(f"{images} has shape {shape}, and {labels} {count} labels; expected (rows, height, width)")
        splits[name] = Images((*shape[1:], 1), pixels, list(numbers))
        classes = max(classes, max(numbers, default=0) + 1)
        digest.update(images.read_bytes())
        digest.update(labels.read_bytes())
    if "train" not in splits:
        raise ValueError("there are IDX files of test images, and none for training")
    return Found({"all": splits["train"]} if len(splits) == 1 else splits, _numbers(classes), digest.hexdigest(), "IDX")


def _of_npz(path: str) -> Found:
    data = content(path, "images")
    if data[:4] != b"PK\x03\x04":
        raise ValueError(f"{path} holds no images that can be read; give {FORMS}")
    try:
        arrays = arrays_of_npz(data)
        names = [name for name in ("train", "validation", "test") if f"x_{name}" in arrays]
        pairs = {name: (f"x_{name}", f"y_{name}") for name in names} or {"all": ("x", "y")}
        if absent := [name for pair in pairs.values() for name in pair if name not in arrays]:
            raise ValueError(f"has no array {absent[0]!r}; arrays are x and y, or x_train, y_train, x_test, y_test")
        labels = {name: _labels(y, arrays[y]) for name, (_, y) in pairs.items()}
        classes = max(max(found, default=0) for found in labels.values()) + 1
        splits = {name: _stack(x, arrays[x], labels[name]) for name, (x, _) in pairs.items()}
    except ValueError as error:
        raise ValueError(f"the images {path}: {error}") from error
    return Found(splits, _numbers(classes), hashlib.sha256(data).hexdigest(), "NPZ")


def _labels(name: str, stored: Stored) -> list[int]:
    if stored.values is None or math.prod(stored.shape) != stored.shape[0]:
        raise ValueError(f"array {name!r} has shape {stored.shape}; expected the whole number of each image's class")
    if wrong := [v for v in stored.values if not (0 <= v < 10_000 and v == int(v))]:
        raise ValueError(f"array {name!r} holds {wrong[0]}; classes are whole numbers from 0")
    return list(map(int, stored.values))


def _stack(name: str, stored: Stored, labels: list[int]) -> Images:
    if stored.values is None or len(stored.shape) not in (3, 4):
        raise ValueError(
            f"array {name!r} has shape {stored.shape}; expected (rows, height, width) and perhaps channels"
        )
    if stored.shape[0] != len(labels):
        raise ValueError(f"array {name!r} has {stored.shape[0]} images, and there are {len(labels)} labels")
    shape = stored.shape[1:] if len(stored.shape) == 4 else (*stored.shape[1:], 1)
    if stored.values.typecode == "B":
        return Images(shape, stored.values.tobytes(), labels)
    if not all(map(math.isfinite, stored.values)):
        raise ValueError(f"array {name!r} holds a value that is not finite")
    return Images(shape, stored.values, labels)


def _of_folder(place: Path) -> Found:
    inner = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not inner:
        raise ValueError(f"the folder {place} has no folders within it; give {FORMS}")
    is_split = all(path.name in _SPLITS for path in inner)
    roots = {_SPLITS[path.name]: path for path in inner} if is_split else {"all": place}
    names = sorted({path.name for root in roots.values() for path in root.iterdir() if _is_class(path)})
    if len(names) < 2:
        raise ValueError(
            f"the folder {place} has {len(names)} folders of images; expected one for each of at least 2 classes"
        )
    digest, shape, splits, count = hashlib.sha256(), tuple[int, ...](), {}, 0
    for split, root in roots.items():
        pixels, labels = bytearray(), list[int]()
        for label, name in enumerate(names):
            for path in _files(root / name):
                data = content(str(path), "image")
                digest.update(f"{path.relative_to(place)}\0{len(data)}\0".encode() + data)
                found, values = decode(path, data)
                shape = shape or found
                if found != shape:
                    raise ValueError(
                        f"{path} is {_size(found)}, and the first image {_size(shape)}; all must have one size and kind"
                    )
                pixels += values
                labels.append(label)
                count += 1
                if count * math.prod(shape) > MOST_PIXELS:
                    raise ValueError(f"{place} has more than {MOST_PIXELS:,} values; take smaller or fewer images")
        splits[split] = Images(shape, pixels, labels)
    if not count:
        raise ValueError(f"the folder {place} has no files that end in {', '.join(ENDINGS)}")
    return Found(splits, tuple(names), digest.hexdigest(), "folders")


def decode(path: Path, data: bytes) -> tuple[tuple[int, int, int], bytes]:
    """Returns shape (height, width, channels) and the bytes of an image: grey, or red, green and blue.

    Raises:
        ValueError: Pillow is not installed, or cannot read it.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ValueError(f"{path} needs Pillow; `pip install 'syntonic[images]'` brings it") from None
    import io
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of an image that would fill the memory
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                grey = image.mode in ("1", "L", "LA", "I", "I;16", "F")
                deep = image.mode.startswith(("I", "F"))
                if deep:
                    raise ValueError(f"{path} has more than 8 bits for a pixel ({image.mode}); save it with 8")
                made = image.convert("L" if grey else "RGB")
                return (made.height, made.width, 1 if grey else 3), made.tobytes()
    except (OSError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as an image: {' '.join(str(error).split())}") from error


def _is_class(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]} in {'grey' if shape[2] == 1 else 'colour'}"


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
