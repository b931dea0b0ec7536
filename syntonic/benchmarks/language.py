"""A byte-level language model: what is the next byte of a text?"""

import math
from array import array
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from annotated_types import Ge

from syntonic._core import Tensor, sample_rows
from syntonic.benchmarks.base import Model
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

BYTES: Final = 256
TRAINING_SHARE: Final = 0.9
JUDGED: Final = 256
"""Windows of each split on which the centre is judged."""
AT_ONCE: Final = 32
"""Windows that are judged together, which bounds the memory of their logits."""
SMOOTHING: Final = 0.01
"""Added to the count of each byte, so that the baseline can tell a byte that training never saw."""


@register("benchmark", "language")
class Language:
    """A window of bytes (length,) to logits of each next byte (length, 256). Loss: mean cross-entropy in nats.

    The first nine tenths of the text are for training, the rest for the test. Each generation has one batch of windows,
    shared by all members, at places that are a pure function of seed and generation. The centre is judged on 256
    windows of each part, spread evenly over it. `baseline` holds the bits per byte that the frequencies of single bytes
    in the training text reach on the test text: a model that ignores its context can do no better.

    Args:
        seed: draws the places of the windows.
        path: the text, a file; None takes the topics of Python's own help, which every installation carries and which
            differ a little from one version of Python to the next.
        length: bytes of a window.
        batch_size: windows in the batch of a generation.

    Raises:
        ValueError: the file cannot be read, or is too short for `length`.
    """

    vocabulary: int | None = BYTES
    dtype: str = "float32"
    chance: Mapping[str, float] = {"bits_per_byte": math.log2(BYTES)}
    ceiling: Mapping[str, float] = {}

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        length: Annotated[int, Ge(2)] = 32,
        batch_size: Annotated[int, Ge(1)] = 16,
    ) -> None:
        text = _read(path)
        cut = int(len(text) * TRAINING_SHARE)
        self._train, self._test = text[:cut], text[cut:]
        if len(self._test) <= length:
            raise ValueError(
                f"the text has {len(text)} bytes, and the tenth of them that is kept for the test must be longer than "
                f"length = {length}: take a longer text, or a smaller length"
            )
        self._seed = seed
        self._length = length
        self._batch_size = batch_size
        self.input_shape: tuple[int, ...] = (length,)
        self.output_shape: tuple[int, ...] = (length, BYTES)
        self.baseline: Mapping[str, float] = {"bits_per_byte": _unigram_bits(self._train, self._test)}

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns bytes (batch_size, length) and the byte after each (batch_size, length)."""
        places = sample_rows(self._seed, generation, len(self._train) - self._length, self._batch_size)
        return self._windows(self._train, places)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the next bytes, in nats."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the mean cross-entropy in bits."""
        return {"bits_per_byte": F.cross_entropy(outputs, targets) * (1 / math.log(2))}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and bits per byte on 256 windows of the training text and 256 of the test text."""
        report: dict[str, float] = {}
        for split, text in (("train", self._train), ("test", self._test)):
            last = len(text) - self._length - 1
            places = [last * i // (JUDGED - 1) for i in range(JUDGED)]
            total = 0.0
            for first in range(0, JUDGED, AT_ONCE):
                inputs, targets = self._windows(text, places[first : first + AT_ONCE])
                total += self.loss(model(inputs), targets).item()
            loss = total * AT_ONCE / JUDGED
            report |= {f"{split}_loss": loss, f"{split}_bits_per_byte": loss / math.log(2)}
        return report

    def _windows(self, text: bytes, places: list[int]) -> tuple[Tensor, Tensor]:
        inputs = array("f", (byte for place in places for byte in text[place : place + self._length]))
        targets = array("f", (byte for place in places for byte in text[place + 1 : place + self._length + 1]))
        shape = (len(places), self._length)
        return Tensor(inputs, shape), Tensor(targets, shape)


def _read(path: str | None) -> bytes:
    if path is None:
        from pydoc_data.topics import topics

        return "\n".join(topics.values()).encode()
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the text {path}: {error.strerror}") from error


def _unigram_bits(train: bytes, test: bytes) -> float:
    counts = Counter(train)
    total = len(train) + SMOOTHING * BYTES
    return -sum(math.log2((counts[byte] + SMOOTHING) / total) for byte in test) / len(test)
