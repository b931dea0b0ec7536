"""The transformer that `forward.py` times: sizes, weights and batch by formula, the same on both sides."""

import math
from typing import Final

WIDTH: Final = 64
LAYERS: Final = 2
HEADS: Final = 4
LENGTH: Final = 64
BATCH: Final = 8
CLASSES: Final = 16
MEMBERS: Final = 64
HIDDEN: Final = 4 * WIDTH


def shapes() -> list[tuple[int, ...]]:
    """Returns the shapes of all parameters: in each layer query, key, value, output, up, down with biases; the head."""
    square, bias = (WIDTH, WIDTH), (WIDTH,)
    layer = [square, bias] * 4 + [(HIDDEN, WIDTH), (HIDDEN,), (WIDTH, HIDDEN), bias]
    return layer * LAYERS + [(CLASSES, WIDTH), (CLASSES,)]


def weights(shape: tuple[int, ...], number: int) -> list[float]:
    """Returns the values of parameter `number`, row-major, about as large as a fresh model's."""
    scale = 1.2 / math.sqrt(shape[-1])
    return [scale * math.sin(1.37 * i + number) for i in range(math.prod(shape))]


def batch() -> tuple[list[float], list[float]]:
    """Returns inputs (BATCH, LENGTH, WIDTH) and labels (BATCH, LENGTH)."""
    count = BATCH * LENGTH
    return [math.sin(0.73 * i) for i in range(count * WIDTH)], [float(i * 7 % CLASSES) for i in range(count)]
