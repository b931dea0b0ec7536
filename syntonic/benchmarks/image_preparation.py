"""New images for a trained model: the numbers that it has seen in training."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.reading.pictures import Pictures, read_pictures

IMAGES: Final = "images"
"""What `preparation()["kind"]` is of images."""
BYTE: Final = 255
"""What bytes are divided by; floats stay what they are."""


def pictures(preparation: Mapping[str, Any], path: str) -> Pictures:
    """Reads images of the shape, and of the kind of numbers, that the model was trained on.

    Raises:
        ValueError: what is wrong with which file.
    """
    found = read_pictures(path, tuple(preparation["shape"]))
    if isinstance(found.pixels, bytes | bytearray) != (preparation["divisor"] == BYTE):
        kinds = "bytes, which are divided by 255", "floats, which stay what they are"
        told = kinds if preparation["divisor"] == BYTE else kinds[::-1]
        raise ValueError(f"the model was trained on {told[0]}; {path} has {told[1].partition(',')[0]}")
    return found


def batches(preparation: Mapping[str, Any], found: Pictures, size: int) -> Iterator[Tensor]:
    """Yields inputs (images, height, width, channels), `size` images at a time."""
    shape, values = tuple(preparation["shape"]), memoryview(found.pixels)
    each = math.prod(shape)
    for start in range(0, len(found.names), size):
        part = values[start * each : (start + size) * each]
        inputs = Tensor(part, (len(part) // each, *shape))
        yield inputs * (1 / BYTE) if preparation["divisor"] == BYTE else inputs
