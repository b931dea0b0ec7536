"""XOR: the smallest problem that no linear model solves, with noise, and with more bits."""

import random
from array import array
from collections.abc import Mapping
from functools import cached_property
from statistics import NormalDist
from typing import Annotated, Final, Literal

from annotated_types import Ge, Le

from syntonic._core import Tensor
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.benchmarks.limits import MOST_SAMPLES, Noise
from syntonic.benchmarks.splits import Share, held_back
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, commonest_class, count_cases
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

CORNERS: Final = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
TEST_SAMPLES: Final = 2000


@register("benchmark", "xor")
class Xor(Standards):
    """Two inputs (`parity`: `bits`), one logit: positive where an odd number is high. Loss: binary cross-entropy.

    `points` has the four corners of the unit square and nothing else: all four are the batch of every generation, and
    training and test data are the same. It asks whether a model can represent and find XOR, not whether it generalises.

    `noisy` has a cloud around each corner, with independent Gaussian noise on both inputs. All training samples are the
    batch of every generation; the test samples are drawn apart. No model can be right more often than `ceiling`: the
    best rule cuts both axes at 1/2, an input lands on its own side with probability p = Phi(1 / (2 noise)), and two
    errors cancel, which leaves p^2 + (1 - p)^2.

    `parity` has all 2^bits words of `bits` zeros and ones, and asks whether the number of ones is odd; they are the
    batch of every generation and the test data at once.

    Args:
        seed: draws the clouds; `points` does not use it.
        variant: which of the three.
        samples: training samples of `noisy`, a multiple of 4; a quarter lies around each corner.
        noise: standard deviation of `noisy`, in units of the square's side.
        bits: length of a word of `parity`.
        validation: the share of the training samples of `noisy` by which runs are chosen.

    Raises:
        ValueError: if `samples` is not a multiple of 4, or there are no samples to hold back.
    """

    output_shape: tuple[int, ...] = (1,)
    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {"accuracy": 0.5}

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["points", "noisy", "parity"] = "points",
        samples: Annotated[int, Ge(4), Le(MOST_SAMPLES)] = 256,
        noise: Noise = 0.2,
        bits: Annotated[int, Ge(2), Le(16)] = 4,
        validation: Share = 0.0,
    ) -> None:
        self._splits: dict[str, Split] = {}
        if validation and variant != "noisy":
            raise ValueError(f"{variant} is all there is, and holds nothing back for validation; variant=noisy does")
        if samples % 4:
            raise ValueError(f"samples is {samples}; it must be a multiple of 4, such as {samples - samples % 4}")
        self.input_shape: tuple[int, ...] = (bits if variant == "parity" else 2,)
        self.ceiling: Mapping[str, float] = {"accuracy": 1.0}
        if variant == "points":
            self._train = self._test = _clouds(random.Random(), len(CORNERS), 0.0)
            return
        if variant == "parity":
            self._train = self._test = _words(bits)
            return
        source = random.Random(f"xor {seed}")
        train, self._test = _clouds(source, samples, noise), _clouds(source, TEST_SAMPLES, noise)
        self._splits = held_back(train, validation)
        self._train = self._splits["train"]
        own_side = NormalDist().cdf(1 / (2 * noise))
        self.ceiling = {"accuracy": own_side**2 + (1 - own_side) ** 2}

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns all training samples: inputs (batch, *input_shape) and targets (batch, 1), each 0 or 1."""
        return self._train

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean binary cross-entropy of the logits."""
        return F.binary_cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of logits on the right side of zero."""
        return {"accuracy": F.binary_accuracy(outputs, targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on training and test data, which are the same for `points` and `parity`."""
        return evaluate_splits(self, model, {"train": self._train, **self._splits, "test": self._test})

    @property
    def validated(self) -> tuple[str, ...]:
        """Loss and accuracy, where samples are held back."""
        return ("val_loss", "val_accuracy") if "validation" in self._splits else ()

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on the samples that are held back."""
        return evaluate_splits(self, model, {"val": self._splits["validation"]}) if self.validated else {}

    @cached_property
    def rules(self) -> Rules:
        """What naming the class that training has most often reaches."""
        return {"commonest class": {"accuracy": commonest_class(self._train, self._test)}}

    @cached_property
    def cases(self) -> Cases:
        """The test data, and what of it is not in the training data: nothing, for `points` and `parity`."""
        return count_cases(self._train[0], self._test[0])


def _clouds(source: random.Random, samples: int, noise: float) -> tuple[Tensor, Tensor]:
    """Returns inputs (samples, 2), the corners in turn with noise added, and targets (samples, 1)."""
    inputs, targets = array("f"), array("f")
    for number in range(samples):
        x, y = CORNERS[number % len(CORNERS)]
        inputs.extend((x + source.gauss(0.0, noise), y + source.gauss(0.0, noise)))
        targets.append(x != y)
    return Tensor(inputs, (samples, 2)), Tensor(targets, (samples, 1))


def _words(bits: int) -> tuple[Tensor, Tensor]:
    """Returns all words (2^bits, bits) and their parities (2^bits, 1)."""
    words = [[float(number >> bit & 1) for bit in range(bits)] for number in range(2**bits)]
    return Tensor(words), Tensor([[float(sum(word) % 2)] for word in words])
