import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Winding


def nearest(points: Tensor) -> list[list[int]]:
    """The best rule for the clouds, axis by axis."""
    return [[int(0.5 <= x < 1.5) for x in row] for row in points.tolist()]


def logits(labels: list[int], classes: int) -> Tensor:
    return Tensor(np.eye(classes, dtype=np.float32)[labels])


def test_no_rule_is_right_on_more_than_eight_of_the_nine_particles():
    benchmark = Winding(0, variant="particles")
    inputs, labels = benchmark.batch(1)
    by_winding: dict[tuple[float, ...], Counter[float]] = {}
    for winding, label in zip(inputs.tolist(), labels.tolist(), strict=True):
        by_winding.setdefault(tuple(winding), Counter())[label] += 1
    best = sum(max(counts.values()) for counts in by_winding.values())
    assert (len(labels), best) == (9, 8)
    assert benchmark.ceiling["accuracy"] == best / 9
    assert benchmark.chance["accuracy"] == max(Counter(labels.tolist()).values()) / 9


@pytest.mark.parametrize("noise", [0.1, 0.2, 0.4, 1.5])
@pytest.mark.parametrize("variant", ["clusters", "xor"])
def test_the_best_rule_reaches_the_ceiling_on_held_out_points(variant, noise):
    benchmark = Winding(7, variant=variant, noise=noise)

    def best(points: Tensor) -> Tensor:
        windings = nearest(points)
        if variant == "xor":
            return logits([n[0] ^ n[1] for n in windings], 2)
        return logits([sum(bit << axis for axis, bit in enumerate(n)) for n in windings], 16)

    ceiling = benchmark.ceiling["accuracy"]
    accuracy = benchmark.evaluate(best)["test_accuracy"]
    assert accuracy == pytest.approx(ceiling, abs=4 * math.sqrt(ceiling * (1 - ceiling) / 2000) + 1e-9)


def test_much_noise_leaves_chance():
    benchmark = Winding(0, noise=20.0)
    assert benchmark.ceiling["accuracy"] == pytest.approx(1 / 16, rel=1e-6)


def test_clouds_lie_on_the_torus_and_every_winding_has_one():
    inputs, labels = Winding(0, samples=64, batch_size=4096).batch(1)
    points = np.asarray(inputs)
    assert ((points >= 0) & (points < 2)).all()
    assert set(labels.tolist()) == set(range(16))
    assert len({tuple(n) for n in nearest(inputs)}) == len(list(product((0, 1), repeat=4)))


def test_batches_differ_between_generations_and_seeds():
    drawn = {bytes(memoryview(Winding(seed).batch(generation)[0])) for seed in (0, 1) for generation in (1, 2)}
    assert len(drawn) == 4
