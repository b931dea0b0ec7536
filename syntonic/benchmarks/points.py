"""Generated points of the plane and golden sequences, as lists: XOR, two moons, two circles, spirals.

Every function is a pure one of its arguments; `seed` draws noise and order.
"""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

from syntonic._core import PHI

T = TypeVar("T")
U = TypeVar("U")
Points = list[list[float]]
Labels = list[int]


def make_xor(n_samples: int = 1000, noise: float = 0.1, seed: int = 0) -> tuple[Points, Labels]:
    """Returns points of the square [-1, 1]^2, and whether the signs of their coordinates differ.

    Noise is added after the label is known, so that near the axes a label may contradict what is seen.

    Args:
        n_samples: how many points, at least 1.
        noise: standard deviation of what is added to each coordinate.
        seed: draws all.

    Raises:
        ValueError: an argument out of its range.
    """
    _check(n_samples, noise, 1)
    source = random.Random(f"make_xor {seed}")
    exact = [[source.uniform(-1, 1), source.uniform(-1, 1)] for _ in range(n_samples)]
    return _shuffled(exact, [int((x > 0) != (y > 0)) for x, y in exact], noise, source)


def make_moons(n_samples: int = 1000, noise: float = 0.1, seed: int = 0) -> tuple[Points, Labels]:
    """Returns points on two half circles that reach into one another, evenly spaced on each, and which one each is of.

    The first is the upper half of the unit circle, the second (1 - cos t, 1/2 - sin t). Arguments as in `make_xor`, of
    at least 2 samples.
    """
    _check(n_samples, noise, 2)
    outer, inner = n_samples // 2, n_samples - n_samples // 2
    upper = [[math.cos(t), math.sin(t)] for t in _evenly(math.pi, outer)]
    lower = [[1 - math.cos(t), 0.5 - math.sin(t)] for t in _evenly(math.pi, inner)]
    return _shuffled(upper + lower, [0] * outer + [1] * inner, noise, random.Random(f"make_moons {seed}"))


def make_circles(
    n_samples: int = 1000, noise: float = 0.1, factor: float = 0.5, seed: int = 0
) -> tuple[Points, Labels]:
    """Returns points on a unit circle and on one of radius `factor` within it, and which one each is of.

    Arguments as in `make_moons`; `factor` lies in [0, 1).
    """
    _check(n_samples, noise, 2)
    if not 0 <= factor < 1:
        raise ValueError(f"factor is {factor}; the inner circle's radius must be at least 0 and below 1")
    outer, inner = n_samples // 2, n_samples - n_samples // 2
    angles = ([2 * math.pi * i / count for i in range(count)] for count in (outer, inner))
    points = [[r * math.cos(t), r * math.sin(t)] for r, ring in zip((1.0, factor), angles, strict=True) for t in ring]
    return _shuffled(points, [0] * outer + [1] * inner, noise, random.Random(f"make_circles {seed}"))


def make_spiral(n_samples: int = 1000, noise: float = 0.1, n_classes: int = 2, seed: int = 0) -> tuple[Points, Labels]:
    """Returns points on spirals of one and a half turns around 0, and which spiral each is of.

    The c-th of k is at angle 3 pi r + 2 pi c / k where its radius is r, evenly spaced from 0 to 1. Arguments as in
    `make_moons`, at least one sample for each of `n_classes` spirals, which are 2 or more.
    """
    if n_classes < 2:
        raise ValueError(f"n_classes is {n_classes}; there must be at least 2 spirals")
    _check(n_samples, noise, n_classes)
    points, labels = [], []
    for c in range(n_classes):
        count = n_samples * (c + 1) // n_classes - n_samples * c // n_classes
        for r in _evenly(1.0, count):
            angle = 3 * math.pi * r + 2 * math.pi * c / n_classes
            points.append([r * math.cos(angle), r * math.sin(angle)])
            labels.append(c)
    return _shuffled(points, labels, noise, random.Random(f"make_spiral {seed}"))


def make_golden_sequence(
    n_samples: int = 1000, length: int = 8, noise: float = 0.01, seed: int = 0
) -> tuple[Points, list[float]]:
    """Returns sequences of which each number is the sum of the two before it, and the number that comes next.

    The first is 1, the second drawn from 0 to 2, so that 1, phi, phi^2 ... is among them, and the ratio of neighbours
    approaches phi in all. They are divided by phi^(length - 1), which keeps the last numbers near 1. Noise is added to
    the sequence, not to what comes next.

    Args:
        n_samples: how many sequences, at least 1.
        length: numbers of a sequence, at least 2.
        noise: standard deviation of what is added to each number.
        seed: draws all.

    Returns:
        Sequences (n_samples, length), and what comes next (n_samples,).

    Raises:
        ValueError: an argument out of its range.
    """
    _check(n_samples, noise, 1)
    if length < 2:
        raise ValueError(f"length is {length}; a golden sequence has at least 2 numbers")
    source = random.Random(f"make_golden_sequence {seed}")
    sequences, following = [], []
    for _ in range(n_samples):
        terms = [1.0, source.uniform(0, 2)]
        while len(terms) <= length:
            terms.append(terms[-1] + terms[-2])
        scale = PHI ** (length - 1)
        sequences.append([term / scale + source.gauss(0.0, noise) for term in terms[:length]])
        following.append(terms[length] / scale)
    return sequences, following


def train_test_split(
    x: Sequence[T], y: Sequence[U], test_size: float = 0.2, seed: int = 0
) -> tuple[list[T], list[T], list[U], list[U]]:
    """Returns the training and the test part of x, and of y, in an order drawn by the seed.

    Args:
        x: inputs.
        y: as many answers.
        test_size: the share of the test, above 0 and below 1; its number is rounded up.
        seed: draws who goes where.

    Raises:
        ValueError: different lengths, a share out of its range, or a part without samples.

    >>> train, test, _, labels = train_test_split([10, 11, 12, 13, 14], [0, 1, 2, 3, 4], test_size=0.4)
    >>> len(train), len(test), [label + 10 for label in labels] == test
    (3, 2, True)
    """
    if len(x) != len(y):
        raise ValueError(f"there are {len(x)} inputs and {len(y)} answers; there must be as many")
    if not 0 < test_size < 1:
        raise ValueError(f"test_size is {test_size}; it is the share of the test, above 0 and below 1")
    count = math.ceil(len(x) * test_size)
    if not 0 < count < len(x):
        raise ValueError(f"a test_size of {test_size} leaves no samples for one of the parts, of {len(x)} in all")
    order = random.Random(f"train_test_split {seed}").sample(range(len(x)), len(x))
    test, train = order[:count], order[count:]
    return [x[i] for i in train], [x[i] for i in test], [y[i] for i in train], [y[i] for i in test]


def _evenly(end: float, count: int) -> list[float]:
    return [end * i / (count - 1) for i in range(count)] if count > 1 else [0.0]


def _shuffled(points: Points, labels: Labels, noise: float, source: random.Random) -> tuple[Points, Labels]:
    order = source.sample(range(len(points)), len(points))
    moved = [[x + source.gauss(0.0, noise) if noise else x for x in points[i]] for i in order]
    return moved, [labels[i] for i in order]


def _check(n_samples: int, noise: float, least: int) -> None:
    if n_samples < least:
        raise ValueError(f"n_samples is {n_samples}; it must be at least {least}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise is {noise}; it is a standard deviation, finite and at least 0")
