"""Winding states on the 4-torus: a table of nine particles, noisy clusters, and XOR of two windings."""

import math
import random
from array import array
from collections.abc import Callable, Mapping
from typing import Final, Literal

from syntonic._core import Tensor
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize, Noise, Samples
from syntonic.benchmarks.splits import Share, held_back
from syntonic.benchmarks.standards import Split
from syntonic.core.registry import register

AXES: Final = 4
PERIOD: Final = 2
TEST_SAMPLES: Final = 2000
LEPTONS: Final = ((0, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0))
QUARKS: Final = ((1, 1, 0, 0), (1, 1, 1, 0), (2, 1, 1, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0))
ALL_AROUND: Final = 10.0
"""From this noise on the clouds are the same all around the torus, to within 10^-200."""


@register("benchmark", "winding")
class Winding(Classification):
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
        validation: the share of the training samples of the clouds by which runs are chosen.

    Raises:
        ValueError: `particles` with a share to hold back.
    """

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["particles", "clusters", "xor"] = "clusters",
        samples: Samples = 1024,
        batch_size: BatchSize = 256,
        noise: Noise = 0.2,
        validation: Share = 0.0,
    ) -> None:
        if variant == "particles":
            if validation:
                raise ValueError("the nine particles are all there is, and hold nothing back for validation")
            rows = [*((n, 0) for n in LEPTONS), *((n, 1) for n in QUARKS)]
            table = Tensor([list(n) for n, _ in rows]), Tensor([label for _, label in rows])
            super().__init__(seed, {"train": table, "test": table}, 2, None)
            self.chance = {"accuracy": len(QUARKS) / len(rows)}
            best = 8 / 9
        else:
            source = random.Random(f"winding {seed}")
            classes, label = (16, _number) if variant == "clusters" else (2, _differ)
            train, test = (_clouds(source, count, noise, label) for count in (samples, TEST_SAMPLES))
            super().__init__(seed, {**held_back(train, validation), "test": test}, classes, batch_size)
            p = _nearest(noise)
            best = p**AXES if variant == "clusters" else p**2 + (1 - p) ** 2
        self.ceiling: Mapping[str, float] = {"accuracy": best}


def _number(winding: list[int]) -> int:
    """The winding read as a binary number."""
    return sum(n << axis for axis, n in enumerate(winding))


def _differ(winding: list[int]) -> int:
    """Whether the first two windings differ."""
    return winding[0] ^ winding[1]


def _clouds(source: random.Random, samples: int, noise: float, label: Callable[[list[int]], int]) -> Split:
    """Returns points (samples, 4) in [0, 2) around the windings in turn, and labels (samples,)."""
    points, answers = array("f"), array("f")
    for number in range(samples):
        winding = [number >> axis & 1 for axis in range(AXES)]
        points.extend((n + source.gauss(0.0, noise)) % PERIOD for n in winding)
        answers.append(label(winding))
    return Tensor(points, (samples, AXES)), Tensor(answers)


def _nearest(noise: float) -> float:
    """Returns the probability that N(0, noise^2), wrapped to a period of 2, lies within 1/2 of zero."""
    if noise > ALL_AROUND:
        return 0.5
    turns = range(-math.ceil(4 * noise) - 1, math.ceil(4 * noise) + 2)
    scale = noise * math.sqrt(2)
    inside = sum(math.erf((2 * k + 0.5) / scale) - math.erf((2 * k - 0.5) / scale) for k in turns)
    return inside / 2
