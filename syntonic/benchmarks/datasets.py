"""Data that this package ships or that a recipe generates, as tensors."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syntonic._core import Tensor
from syntonic.benchmarks.points import make_circles as make_circles
from syntonic.benchmarks.points import make_golden_sequence as make_golden_sequence
from syntonic.benchmarks.points import make_moons as make_moons
from syntonic.benchmarks.points import make_spiral as make_spiral
from syntonic.benchmarks.points import make_xor as make_xor
from syntonic.benchmarks.points import train_test_split as train_test_split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Split = tuple[Tensor, Tensor]
"""Inputs (samples, ...) and class labels (samples,), both float32."""


DIGITS: Final = "digits.csv.gz"
SAMPLES: Final = 5000
TRAINING: Final = 4000
LENGTH: Final = 40
SEED: Final = 42
PADDING: Final = (36, 60)
MOVES: Final = 48
SCALE: Final = 0.4
SHEAR: Final = 0.75
SMOOTH_NOISE: Final = 0.25
WIDTH: Final = 2
"""Standard deviation of the Gaussian that smooths noise, in places."""
WHITE_NOISE: Final = 0.02
NUDGE: Final = 1e-8
"""Added to the template, so that only the padding is exactly zero."""

TEMPLATES: Final = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)


def digits() -> tuple[Split, Split]:
    """Returns training (1,437) and test data (360) of 1,797 handwritten digits, 8x8 pixels in [0, 1].

    The split is stratified, 80 to 20, and always the same one. Source: E. Alpaydin, C. Kaynak, "Optical Recognition of
    Handwritten Digits", UCI Machine Learning Repository, 1998 (CC BY 4.0); the part and form that scikit-learn ships.
    """
    import numpy as np

    table = np.loadtxt(_digits_file(), delimiter=",", dtype=np.float32)
    pixels, labels = table[:, :-1] / 16, table[:, -1]
    (x_train, y_train), (x_test, y_test) = (
        (Tensor(pixels[rows]), Tensor(labels[rows])) for rows in _stratified(labels, np.random.RandomState(0))
    )
    return (x_train, y_train), (x_test, y_test)


def digits_digest() -> str:
    """Returns the SHA-256 of the file that `digits` reads."""
    return hashlib.sha256(_digits_file().read_bytes()).hexdigest()


def _digits_file() -> Path:
    return Path(__file__).parent / "data" / DIGITS


def _stratified(
    labels: "NDArray[np.float32]", source: "np.random.RandomState"
) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Returns the rows of training and test data, 80 to 20 of each class: those of scikit-learn's `train_test_split`.

    Where the shares are no whole numbers, the classes with the largest remainders get one more row; draws break ties.
    """
    import numpy as np

    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    training = len(labels) * 4 // 5
    shares = np.array([len(rows) for rows in classes]) / len(labels) * training
    counts = np.floor(shares).astype(int)
    remainders = shares - counts
    for remainder in np.unique(remainders)[::-1]:
        if missing := training - counts.sum():
            tied = np.flatnonzero(remainders == remainder)
            counts[source.choice(tied, min(len(tied), missing), replace=False)] += 1
    mixed = [rows[source.permutation(len(rows))] for rows in classes]
    train = [rows[:count] for rows, count in zip(mixed, counts, strict=True)]
    test = [rows[count:] for rows, count in zip(mixed, counts, strict=True)]
    return source.permutation(np.concatenate(train)), source.permutation(np.concatenate(test))


def digit_images() -> tuple[Split, Split]:
    """Returns `digits` as images (samples, 8, 8, 1)."""
    train, test = ((inputs.reshape((inputs.shape[0], 8, 8, 1)), labels) for inputs, labels in digits())
    return train, test


def mnist1d() -> tuple[Split, Split]:
    """Returns training (4,000) and test data (1,000) of MNIST-1D: signals (samples, 40, 1)."""
    import numpy as np

    signals, labels = mnist1d_signals()
    inputs, classes = signals.astype(np.float32).reshape(-1, LENGTH, 1), labels.astype(np.float32)
    train, test = slice(TRAINING), slice(TRAINING, None)
    return (Tensor(inputs[train]), Tensor(classes[train])), (Tensor(inputs[test]), Tensor(classes[test]))


def mnist1d_signals() -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Returns 5,000 signals (5000, 40) of mean 0 and variance 1, and their classes; 4,000 for training come first.

    Each signal is a template that is padded, moved, scaled and sheared. The draws follow the recipe of the published
    data set step by step, from the same seed, so that results compare with those in the literature. Source: S.
    Greydanus, D. Kobak, "Scaling Down Deep Learning with MNIST-1D", arXiv 2011.14439.
    """
    import numpy as np

    source = np.random.RandomState(SEED)
    shapes = np.array(TEMPLATES)
    shapes = (shapes - shapes.mean(1, keepdims=True)) / shapes.std(1, keepdims=True)
    shapes = (shapes - shapes[:, :1]) / 6
    labels = np.repeat(np.arange(len(shapes)), SAMPLES // len(shapes))
    signals = np.stack([_signal(shapes[label], source) for label in labels])
    order = source.permutation(SAMPLES)
    signals = signals[order]
    return (signals - signals.mean()) / signals.std(), labels[order]


def _signal(shape: "NDArray[np.float64]", source: "np.random.RandomState") -> "NDArray[np.float64]":
    import numpy as np

    low, high = PADDING
    width = len(shape) + high
    padding = low + int(source.rand() * (high - low + 1))
    signal = _stretched(np.concatenate([shape + NUDGE, np.zeros(padding)]), width)
    signal *= 1 + SCALE * (source.rand() - 0.5)
    signal = np.roll(signal, source.choice(MOVES))
    smooth = _smoothed(SMOOTH_NOISE * source.randn(width))
    signal = np.where(signal != 0, signal, smooth) + WHITE_NOISE * source.randn(width)
    signal -= SHEAR * (source.rand() - 0.5) * np.linspace(-0.5, 0.5, width)
    return _stretched(signal, LENGTH)


def _smoothed(signal: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Convolves a signal with a Gaussian of `WIDTH` places, cut at four of them, the signal mirrored at its ends.

    Equal places to the left and right are added first, from the farthest inwards: the order of `scipy.ndimage`, whose
    bits the published recipe has.
    """
    import numpy as np

    radius = 4 * WIDTH
    places = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (WIDTH * WIDTH) * places**2)
    weights = (weights / weights.sum())[radius:]
    wide, count = np.pad(signal, radius, mode="symmetric"), len(signal)
    smooth: NDArray[np.float64] = wide[radius : radius + count] * weights[0]
    for distance in range(radius, 0, -1):
        left, right = wide[radius - distance :][:count], wide[radius + distance :][:count]
        smooth += (left + right) * weights[distance]
    return smooth


def _stretched(signal: "NDArray[np.float64]", length: int) -> "NDArray[np.float64]":
    """Samples a signal at `length` evenly spaced places, linear in between."""
    import numpy as np

    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(signal)), signal)
