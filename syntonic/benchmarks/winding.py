"""Winding states on the 4-torus: a table of nine particles, noisy clusters, and XOR of two windings."""

import math
import random
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt

from syntonic._core import Tensor, sample_batch
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

AXES: Final = 4
PERIOD: Final = 2
TEST_SAMPLES: Final = 2000
LEPTONS: Final = ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0))
QUARKS: Final = ((1, 1, 0, 0), (1, 1, 1, 0), (2, 1, 1, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0))

Split = tuple[Tensor, Tensor]


@register("benchmark", "winding")
class Winding:
    """Four windings to a class. Loss: cross-entropy.

    `particles` is the table of nine fermions: e, mu, tau and u, c, t, d, s, b, each with four integer windings; the
    class is lepton or quark. All nine are the batch of every generation, and there is no test data: training and test
    figures are the same. Tau and d have the same windings and different classes, so that no model is right on more than
    8 of 9.

    `clusters` has a cloud around each of the 16 windings (0 or 1 on each axis) of a torus whose axes have period 2; the
    class is the winding. `xor` has the same clouds and two classes: whether the first two windings differ. Noise is
    Gaussian, independent on each axis, and wraps around. The best rule takes the nearest winding; on one axis it is
    right with probability p, the chance that a wrapped normal lies within 1/2 of zero, which makes the ceilings p^4 and
    p^2 + (1 - p)^2. Test samples are drawn apart.

    Args:
        seed: draws clouds and batches; `particles` does not use it.
        variant: which of the three.
        samples: training samples of the clouds.
        batch_size: rows in the batch of a generation; all nine for `particles`.
        noise: standard deviation of the clouds, in windings.
    """

    input_shape: tuple[int, ...] = (AXES,)
    vocabulary: int | None = None
    dtype: str = "float32"

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["particles", "clusters", "xor"] = "clusters",
        samples: Annotated[int, Ge(16)] = 1024,
        batch_size: Annotated[int, Ge(1)] = 256,
        noise: Annotated[float, Gt(0)] = 0.2,
    ) -> None:
        self._seed = seed
        self._batch_size = None if variant == "particles" else batch_size
        if variant == "particles":
            rows = [*((n, 0) for n in LEPTONS), *((n, 1) for n in QUARKS)]
            self._train = self._test = Tensor([list(n) for n, _ in rows]), Tensor([label for _, label in rows])
            classes, best = 2, 8 / 9
            self.chance: Mapping[str, float] = {"accuracy": len(QUARKS) / len(rows)}
        else:
            source = random.Random(f"winding {seed}")
            classes, label = (16, _number) if variant == "clusters" else (2, _differ)
            self._train = _clouds(source, samples, noise, label)
            self._test = _clouds(source, TEST_SAMPLES, noise, label)
            p = _nearest(noise)
            best = p**AXES if variant == "clusters" else p**2 + (1 - p) ** 2
            self.chance = {"accuracy": 1 / classes}
        self.ceiling: Mapping[str, float] = {"accuracy": best}
        self.output_shape: tuple[int, ...] = (classes,)

    def batch(self, generation: int) -> Split:
        """Returns windings (batch, 4) and labels (batch,)."""
        if self._batch_size is None:
            return self._train
        return sample_batch(self._train, self._seed, generation, self._batch_size)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy of the labels."""
        return F.cross_entropy(outputs, targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of rows whose largest logit is the label's."""
        return {"accuracy": F.accuracy(outputs, targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on training and test data, which are the same nine rows for `particles`."""
        return evaluate_splits(self, model, {"train": self._train, "test": self._test})


def _number(winding: list[int]) -> int:
    """The winding read as a binary number."""
    return sum(n << axis for axis, n in enumerate(winding))


def _differ(winding: list[int]) -> int:
    """Whether the first two windings differ."""
    return winding[0] ^ winding[1]


def _clouds(source: random.Random, samples: int, noise: float, label: Callable[[list[int]], int]) -> Split:
    """Returns points (samples, 4) in [0, 2) around the windings in turn, and labels (samples,)."""
    windings = [[i >> axis & 1 for axis in range(AXES)] for i in range(samples)]
    points = [[(n + source.gauss(0.0, noise)) % PERIOD for n in winding] for winding in windings]
    return Tensor(points), Tensor([float(label(winding)) for winding in windings])


def _nearest(noise: float) -> float:
    """Returns the probability that N(0, noise^2), wrapped to a period of 2, lies within 1/2 of zero."""
    turns = range(-math.ceil(4 * noise) - 1, math.ceil(4 * noise) + 2)
    scale = noise * math.sqrt(2)
    inside = sum(math.erf((2 * k + 0.5) / scale) - math.erf((2 * k - 0.5) / scale) for k in turns)
    return inside / 2
