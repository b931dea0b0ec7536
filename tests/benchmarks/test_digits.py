import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from syntonic._core import Tensor
from syntonic.benchmarks import Digits
from syntonic.benchmarks.datasets import digits


def test_the_split_is_scikit_learns_own():
    data = load_digits()
    parts = train_test_split(data.data / 16, data.target, test_size=0.2, random_state=0, stratify=data.target)
    (x_train, y_train), (x_test, y_test) = digits()
    for ours, theirs in zip((x_train, x_test, y_train, y_test), parts, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), theirs.astype(np.float32))


def test_batches_are_training_rows_with_their_own_labels():
    (x_train, y_train), _ = digits()
    known = {row.tobytes(): label for row, label in zip(np.asarray(x_train), np.asarray(y_train), strict=True)}
    inputs, labels = Digits(0, batch_size=100).batch(3)
    assert inputs.shape == (100, 64)
    assert [known[row.tobytes()] for row in np.asarray(inputs)] == labels.tolist()


def test_batches_differ_between_generations_and_seeds():
    drawn = [Digits(seed, batch_size=32).batch(generation)[1].tolist() for seed in (0, 1) for generation in (1, 2)]
    assert len({tuple(labels) for labels in drawn}) == 4


def test_every_training_row_is_drawn_about_equally_often():
    benchmark = Digits(0, batch_size=256)
    counts: dict[bytes, int] = {}
    for generation in range(1, 401):
        for row in np.asarray(benchmark.batch(generation)[0]):
            counts[row.tobytes()] = counts.get(row.tobytes(), 0) + 1
    expected = 400 * 256 / 1437
    assert len(counts) == 1437
    # Each count is binomial, close to Poisson(71): six standard deviations leave out one row in 10^9.
    assert all(abs(count - expected) < 6 * expected**0.5 for count in counts.values())


def test_loss_is_cross_entropy_and_accuracy_counts_the_largest_logit():
    benchmark = Digits(0)
    logits = np.random.default_rng(0).normal(size=(5, 10)).astype(np.float32)
    labels = np.array([0, 3, 9, 9, 1])
    shifted = logits - logits.max(1, keepdims=True)
    expected = np.mean(np.log(np.exp(shifted).sum(1)) - shifted[np.arange(5), labels])
    outputs, targets = Tensor(logits), Tensor(labels.astype(np.float32))
    assert benchmark.loss(outputs, targets).item() == pytest.approx(expected, rel=1e-6)
    assert benchmark.metrics(outputs, targets)["accuracy"].item() == pytest.approx((logits.argmax(1) == labels).mean())
