"""Generated points against scikit-learn's, and the benchmarks that are made of them."""

import math

import numpy as np
import pytest
from sklearn import datasets as scikit
from sklearn.model_selection import train_test_split as scikit_split
from sklearn.neighbors import KernelDensity

from syntonic._core import PHI, Tensor
from syntonic.benchmarks import Golden, Plane
from syntonic.benchmarks.datasets import (
    make_circles,
    make_golden_sequence,
    make_moons,
    make_spiral,
    make_xor,
    train_test_split,
)


def in_order(x, y):
    rows = np.column_stack([y, x])
    return rows[np.lexsort(np.round(rows, 9).T)]


@pytest.mark.parametrize("count", [2, 7, 100])
def test_moons_are_scikit_learns(count):
    ours, theirs = make_moons(count, noise=0.0), scikit.make_moons(count, shuffle=False)
    np.testing.assert_allclose(in_order(*ours), in_order(*theirs), atol=1e-12)


@pytest.mark.parametrize(("count", "factor"), [(2, 0.5), (9, 0.1), (100, 0.8)])
def test_circles_are_scikit_learns(count, factor):
    ours = make_circles(count, noise=0.0, factor=factor)
    theirs = scikit.make_circles(count, shuffle=False, factor=factor)
    np.testing.assert_allclose(in_order(*ours), in_order(*theirs), atol=1e-12)


def test_spirals_follow_their_equation():
    x, y = make_spiral(301, noise=0.0, n_classes=3)
    points, labels = np.array(x), np.array(y)
    assert np.bincount(labels).tolist() == [100, 100, 101]
    radius = np.hypot(*points.T)
    assert (radius.min(), radius.max()) == pytest.approx((0, 1))
    expected = radius * np.exp(1j * (3 * np.pi * radius + 2 * np.pi * labels / 3))
    np.testing.assert_allclose(points[:, 0] + 1j * points[:, 1], expected, atol=1e-12)


def test_the_labels_of_xor_are_those_before_the_noise():
    x, y = make_xor(20_000, noise=0.0)
    points = np.array(x)
    assert np.array_equal(np.array(y), (points[:, 0] > 0) != (points[:, 1] > 0))
    assert np.abs(points).max() <= 1
    noisy, labels = make_xor(20_000, noise=0.1)
    seen = np.mean(((np.array(noisy) > 0).sum(1) == 1) == np.array(labels))
    # E over u in (0, 1) of Phi(u / .1) is 1 - .1 / sqrt(2 pi), to 10^-20.
    p = 1 - 0.1 / math.sqrt(2 * math.pi)
    assert seen == pytest.approx(p * p + (1 - p) ** 2, abs=4 * math.sqrt(0.92 * 0.08 / 20_000))


@pytest.mark.parametrize("make", [make_xor, make_moons, make_circles, make_spiral, make_golden_sequence])
def test_a_seed_draws_all_and_noise_has_its_deviation(make):
    assert make(50, seed=3) == make(50, seed=3)
    assert make(50, seed=3) != make(50, seed=4)
    exact, moved = (np.array(make(4000, noise=noise, seed=1)[0]) for noise in (0.0, 0.3))
    if make is not make_xor and make is not make_golden_sequence:  # their order is drawn before the noise
        assert (moved - exact).std() == pytest.approx(0.3, rel=0.03)


def test_each_golden_number_is_the_sum_of_the_two_before_it():
    x, y = (np.array(part) for part in make_golden_sequence(200, length=12, noise=0.0, seed=2))
    np.testing.assert_allclose(x[:, 2:], x[:, 1:-1] + x[:, :-2], rtol=1e-12)
    np.testing.assert_allclose(y, x[:, -1] + x[:, -2], rtol=1e-12)
    assert np.abs(y / x[:, -1] - PHI).max() < 0.01
    assert np.std(np.array(make_golden_sequence(2000, length=12, noise=0.05, seed=2)[0])[:, 0]) == pytest.approx(
        0.05, rel=0.05
    )


@pytest.mark.parametrize(("count", "share"), [(10, 0.2), (11, 0.2), (7, 0.5), (1000, 0.123)])
def test_a_split_has_scikit_learns_sizes_and_loses_nothing(count, share):
    x, y = [[i, -i] for i in range(count)], list(range(count))
    parts = train_test_split(x, y, share, seed=5)
    assert [len(part) for part in parts] == [len(part) for part in scikit_split(x, y, test_size=share)]
    train, test, train_labels, test_labels = parts
    assert sorted(train_labels + test_labels) == y
    assert all(point == [label, -label] for point, label in zip(train + test, train_labels + test_labels, strict=True))
    assert parts == train_test_split(x, y, share, seed=5) != train_test_split(x, y, share, seed=6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_moons(1), "n_samples is 1; it must be at least 2"),
        (lambda: make_xor(10, noise=-1), "noise is -1"),
        (lambda: make_xor(10, noise=math.inf), "noise is inf"),
        (lambda: make_circles(10, factor=1.0), "factor is 1.0"),
        (lambda: make_spiral(10, n_classes=1), "n_classes is 1"),
        (lambda: make_golden_sequence(10, length=1), "length is 1"),
        (lambda: train_test_split([1], [1, 2]), "1 inputs and 2 answers"),
        (lambda: train_test_split([1, 2], [1, 2], 1.0), "test_size is 1.0"),
        (lambda: train_test_split([1], [1]), "leaves no samples"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("variant", ["xor", "moons", "circles", "spiral"])
def test_splits_are_three_and_share_nothing(variant):
    benchmark = Plane(4, variant=variant, samples=500)
    parts = {name: {tuple(row) for row in inputs.tolist()} for name, (inputs, _) in benchmark._splits.items()}
    assert {name: len(part) for name, part in parts.items()} == {"train": 300, "validation": 100, "test": 100}
    assert len(parts["train"] | parts["validation"] | parts["test"]) == 500
    assert benchmark.cases.distinct == benchmark.cases.unseen == 100


@pytest.mark.parametrize(("variant", "noise"), [("moons", 0.3), ("circles", 0.2), ("spiral", 0.1), ("xor", 0.2)])
def test_the_best_rule_reaches_the_ceiling(variant, noise):
    benchmark = Plane(1, variant=variant, samples=4000, noise=noise)
    make = {"moons": make_moons, "circles": make_circles, "spiral": make_spiral, "xor": make_xor}[variant]
    x, y = make(4000, noise=0.0, seed=7)
    densities = [KernelDensity(bandwidth=noise).fit(np.array(x)[np.array(y) == label]) for label in (0, 1)]

    def best(points: Tensor) -> Tensor:
        return Tensor(np.stack([density.score_samples(np.asarray(points, np.float64)) for density in densities], 1))

    report = benchmark.evaluate(lambda points: Tensor(np.asarray(best(points), np.float32)))
    ceiling = benchmark.ceiling["accuracy"]
    whole = (
        report["train_accuracy"] * 2400 + report["validation_accuracy"] * 800 + report["test_accuracy"] * 800
    ) / 4000
    assert whole == pytest.approx(ceiling, abs=4 * math.sqrt(ceiling * (1 - ceiling) / 1000))


def test_the_sum_of_the_last_two_beats_every_simple_rule():
    benchmark = Golden(0, noise=0.01)

    def last_two(x: Tensor) -> Tensor:
        return Tensor([[row[-1] + row[-2]] for row in x.tolist()])

    report = benchmark.evaluate(last_two)
    assert report["test_rmse"] == pytest.approx(0.01 * math.sqrt(2), rel=0.25)
    assert report["test_rmse"] < benchmark.baseline["rmse"] < benchmark.chance["rmse"]
    assert report["test_loss"] == pytest.approx(report["test_rmse"] ** 2, rel=1e-5)
