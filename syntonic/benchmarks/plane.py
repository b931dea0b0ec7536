"""Points of the plane to be told apart: XOR of two signs, two moons, two circles, two spirals."""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from annotated_types import Ge, Le, MinLen

from syntonic._core import Tensor
from syntonic.benchmarks import backprop as gradients
from syntonic.benchmarks import points
from syntonic.benchmarks.base import Model
from syntonic.benchmarks.classification import Classification
from syntonic.benchmarks.limits import BatchSize, Noise
from syntonic.benchmarks.standards import Split
from syntonic.core.registry import register

SHARE: Final = 0.2
"""Of all samples for the test, and as many for the validation."""
CURVE: Final = 100
"""Points that stand for a curve, where a class's density is needed."""
JUDGED: Final = 500
"""Samples over which the ceiling is a mean."""


@register("benchmark", "plane")
class Plane(Classification):
    """Two inputs to two logits. Loss: cross-entropy.

    `xor` asks whether the signs of two numbers of [-1, 1] differ, the others on which of two curves a point lies;
    Gaussian noise moves all of them. Three fifths of the samples are for training, a fifth for validation
    (`validation_...` in the results, which a search may look at), a fifth for the test; the seed draws samples, split
    and batches.

    `ceiling` is what the best rule reaches: of `xor` p^2 + (1 - p)^2, with p the chance that noise leaves a sign as it
    is; of the curves the mean, over 500 samples, of the larger of both probabilities by the curves' densities.

    Args:
        seed: draws everything.
        variant: which of the four.
        samples: in all.
        noise: standard deviation, in units of a radius or of the square's half side.
        batch_size: rows in the batch of a generation.
        backprop: widths of the hidden layers of an MLP that is trained on the same data by gradients when the run has
            ended, by scikit-learn; its figures are added to the results. None: there is none.
    """

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["xor", "moons", "circles", "spiral"] = "moons",
        samples: Annotated[int, Ge(20), Le(1_000_000)] = 1000,
        noise: Noise = 0.1,
        batch_size: BatchSize = 256,
        backprop: Annotated[tuple[Annotated[int, Ge(1), Le(10_000)], ...], MinLen(1)] | None = None,
    ) -> None:
        if backprop is not None:
            gradients.require()
        x, y = _MAKERS[variant](samples, noise, seed=seed)
        rest, test, rest_labels, test_labels = points.train_test_split(x, y, SHARE, seed)
        share = SHARE / (1 - SHARE)
        train, validation, train_labels, validation_labels = points.train_test_split(rest, rest_labels, share, seed)
        splits = {
            "train": _split(train, train_labels),
            "validation": _split(validation, validation_labels),
            "test": _split(test, test_labels),
        }
        super().__init__(seed, splits, 2, batch_size)
        self._backprop = backprop
        best = _best_of_signs(noise) if variant == "xor" else _best_of_curves(x[:JUDGED], variant, noise)
        self.ceiling: Mapping[str, float] = {"accuracy": best}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on all data of each split, and what gradients reach if that was asked for."""
        found = super().evaluate(model)
        if self._backprop is not None:
            found |= gradients.reached(self._train, self._test, self._backprop, self._seed)
        return found


_MAKERS: Final[Mapping[str, Callable[..., tuple[points.Points, points.Labels]]]] = {
    "xor": points.make_xor,
    "moons": points.make_moons,
    "circles": points.make_circles,
    "spiral": points.make_spiral,
}


def _split(x: points.Points, y: points.Labels) -> Split:
    return Tensor(x), Tensor([float(label) for label in y])


def _best_of_signs(noise: float) -> float:
    """Returns the accuracy of the best rule for XOR.

    A number u of (0, 1] keeps its sign with probability Phi(u / noise), whose mean over u is p.
    """
    steps = 2000
    p = sum(0.5 * math.erfc(-(i + 0.5) / steps / noise / math.sqrt(2)) for i in range(steps)) / steps
    return p * p + (1 - p) * (1 - p)


def _best_of_curves(x: points.Points, variant: str, noise: float) -> float:
    """Returns the mean, over points, of the larger probability of both classes."""
    curve, labels = _MAKERS[variant](2 * CURVE, 0.0)
    total = 0.0
    for point in x:
        nearness = [-(math.dist(point, other) ** 2) / (2 * noise * noise) for other in curve]
        most = max(nearness)
        densities = [0.0, 0.0]
        for label, value in zip(labels, nearness, strict=True):
            densities[label] += math.exp(value - most)
        total += max(densities) / sum(densities)
    return total / len(x)
