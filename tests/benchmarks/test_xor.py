import math

import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Xor


def cut_both_axes(x: Tensor) -> Tensor:
    """The best rule for the clouds: exactly one input above one half."""
    return Tensor([[1.0 if (a > 0.5) != (b > 0.5) else -1.0] for a, b in x.tolist()])


def test_points_are_the_truth_table():
    inputs, targets = Xor(0).batch(1)
    assert inputs.tolist() == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    assert targets.tolist() == [[0.0], [1.0], [1.0], [0.0]]


def test_points_do_not_depend_on_the_seed_and_are_their_own_test_data():
    assert Xor(1).batch(1)[0].tolist() == Xor(2).batch(9)[0].tolist()
    report = Xor(0).evaluate(cut_both_axes)
    assert report["train_accuracy"] == report["test_accuracy"] == 1.0
    assert report["train_loss"] == report["test_loss"]


def test_loss_is_binary_cross_entropy():
    benchmark = Xor(0)
    logits = [2.0, -1.0, 0.5, 30.0]
    expected = sum(math.log1p(math.exp(z)) - z * y for z, y in zip(logits, (0, 1, 1, 0), strict=True)) / 4
    loss = benchmark.loss(Tensor([[z] for z in logits]), benchmark.batch(1)[1])
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("noise", [0.1, 0.2, 0.35])
def test_the_best_rule_reaches_the_ceiling_on_held_out_clouds(noise):
    benchmark = Xor(5, variant="noisy", noise=noise)
    ceiling = benchmark.ceiling["accuracy"]
    accuracy = benchmark.evaluate(cut_both_axes)["test_accuracy"]
    three_deviations = 3 * math.sqrt(ceiling * (1 - ceiling) / 2000)
    assert accuracy == pytest.approx(ceiling, abs=three_deviations + 1e-9)


def test_clouds_are_balanced_and_kept_apart():
    benchmark = Xor(0, variant="noisy", samples=64)
    inputs, targets = benchmark.batch(1)
    assert inputs.shape == (64, 2)
    assert sum(label for (label,) in targets.tolist()) == 32
    other = Xor(1, variant="noisy", samples=64)
    assert inputs.tolist() != other.batch(1)[0].tolist()
    assert benchmark.evaluate(cut_both_axes)["train_loss"] != benchmark.evaluate(cut_both_axes)["test_loss"]


def test_samples_must_be_a_multiple_of_four():
    with pytest.raises(ValueError, match=r"samples is 66; it must be a multiple of 4, such as 64"):
        Xor(0, variant="noisy", samples=66)


def test_parity_is_odd_words_of_every_length():
    inputs, targets = Xor(0, variant="parity", bits=5).batch(1)
    words = {tuple(word): label for word, (label,) in zip(inputs.tolist(), targets.tolist(), strict=True)}
    assert len(words) == 32
    assert all(label == word.count(1.0) % 2 for word, label in words.items())
