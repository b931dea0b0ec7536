"""What a text's next byte costs who knows frequencies alone: the baselines of a language model."""

import math
from collections import Counter
from typing import Final

BYTES: Final = 256
SMOOTHING: Final = 0.01
"""Added to every count, so that a byte that training never saw can be told as well."""


def bits(train: bytes, test: bytes) -> tuple[float, float]:
    """Returns the bits per byte of the test text by the frequencies in the training text.

    The first figure is of single bytes, the second of a byte given the one before it.
    """
    single, pairs = Counter(train), _pairs(train)
    before = Counter(train[:-1])
    size = SMOOTHING * BYTES
    alone = sum(
        count * math.log2((single[byte] + SMOOTHING) / (len(train) + size)) for byte, count in Counter(test).items()
    )
    after = sum(
        count * math.log2((pairs[pair] + SMOOTHING) / (before[pair[0]] + size)) for pair, count in _pairs(test).items()
    )
    return -alone / len(test), -after / (len(test) - 1)


def _pairs(text: bytes) -> "Counter[tuple[int, int]]":
    return Counter(zip(text, memoryview(text)[1:], strict=False))
