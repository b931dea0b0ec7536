"""IDX files, in which MNIST and its sisters come: what follows, the sizes, and one byte for each pixel."""

import math
import struct
import zlib
from pathlib import Path
from typing import Final

from syntonic.benchmarks.reading.content import MOST_BYTES, content

BYTES: Final = 8  # the code of unsigned bytes
PARTS: Final = {"train": "train", "test": "t10k"}


def read_idx(path: Path) -> tuple[tuple[int, ...], bytes]:
    """Returns the shape and the bytes of a file, which may be compressed by gzip.

    Raises:
        ValueError: it cannot be read, or is something else.
    """
    data = content(str(path), "IDX file")
    if data[:2] == b"\x1f\x8b":
        try:
            data = unpacked(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} cannot be unpacked: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != BYTES or not 1 <= data[3] <= 4:
        raise ValueError(f"{path} is no IDX file of bytes")
    axes = data[3]
    if len(data) < 4 + 4 * axes:
        raise ValueError(f"{path} ends within its sizes")
    shape = struct.unpack_from(f">{axes}I", data, 4)
    if len(data) - 4 - 4 * axes != math.prod(shape):
        raise ValueError(
            f"{path} has {len(data) - 4 - 4 * axes:,} values, and its sizes {shape} need {math.prod(shape):,}"
        )
    return shape, data[4 + 4 * axes :]


def unpacked(data: bytes) -> bytes:
    """Returns what gzip has packed.

    Raises:
        OSError, EOFError, zlib.error: it cannot be unpacked, or is more than a run can hold.
    """
    import gzip
    import io

    with gzip.open(io.BytesIO(data)) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise OSError(f"there are more than {MOST_BYTES:,} bytes in it")
    return found


def find_idx(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Returns the files of images and labels of each split that a folder has, by the names of MNIST."""
    found: dict[str, tuple[Path, Path]] = {}
    for split, prefix in PARTS.items():
        pair = [_existing(folder, f"{prefix}-{kind}-idx{axes}-ubyte") for kind, axes in (("images", 3), ("labels", 1))]
        if pair[0] and pair[1]:
            found[split] = pair[0], pair[1]
    return found


def _existing(folder: Path, name: str) -> Path | None:
    names = (name, f"{name}.gz", name.replace("-idx", ".idx"), name.replace("-idx", ".idx") + ".gz")
    return next((folder / each for each in names if (folder / each).is_file()), None)
