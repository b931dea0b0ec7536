import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error

from syntonic._core import Q_DEFICIT, ResonantTensor
from syntonic.benchmarks.datasets import make_golden_sequence, make_moons
from syntonic.benchmarks.fitness import (
    ClassificationFitness,
    FitnessGuidedEvolver,
    RegressionFitness,
    WavefunctionFitness,
    evolve_with_fitness,
)

WEIGHTS = ResonantTensor([0.5, -1.25, 2.0, 0.75, -0.3], (5,))


def test_classification_is_scikit_learns_log_loss_and_lambda_s():
    x, y = make_moons(60, noise=0.2)
    fitness = ClassificationFitness(x, y, 2, 2)
    logits = np.array(x) @ np.array(WEIGHTS.to_floats()[:4]).reshape(2, 2)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert fitness(WEIGHTS) == pytest.approx(-log_loss(y, shares) + Q_DEFICIT * WEIGHTS.syntony)
    assert fitness.accuracy(WEIGHTS) == accuracy_score(y, logits.argmax(1))
    assert ClassificationFitness(x, y, 2, 2, 0.0)(WEIGHTS) == pytest.approx(-log_loss(y, shares))


def test_what_a_tensor_lacks_is_zero():
    x, y = make_moons(10)
    assert ClassificationFitness(x, y, 2, 3, 0.0)(ResonantTensor([0.0])) == pytest.approx(-math.log(3))


def test_regression_is_scikit_learns_error():
    x, y = make_golden_sequence(40, length=5)
    found = np.array(x) @ np.array(WEIGHTS.to_floats())
    assert RegressionFitness(x, y, 5, lambda_syntony=0.5)(WEIGHTS) == pytest.approx(
        -mean_squared_error(y, found) + 0.5 * WEIGHTS.syntony
    )
    rows = [[target, -target] for target in y]
    assert RegressionFitness(x, rows, 5, 2, 0.0)(ResonantTensor([0.0])) == pytest.approx(-np.mean(np.square(y)))


def test_a_wavefunction_is_near_its_winding():
    near = WavefunctionFitness((1, 0, 0, 0), lambda_syntony=0.0)
    assert near(ResonantTensor([1.0, 0.0, 0.0, 0.0])) == 0.0
    assert near(ResonantTensor([1.0, 0.0, 3.0, 4.0])) == pytest.approx(-5.0)


def test_a_search_solves_a_linear_task_and_never_falls_back():
    x = [[(i * 7 % 11) / 5 - 1, (i * 5 % 13) / 6 - 1] for i in range(60)]
    fitness = ClassificationFitness(x, [int(a + b > 0) for a, b in x], 2, 2)
    start = ResonantTensor([0.0] * 4)
    found = FitnessGuidedEvolver(start, fitness, population_size=32, seed=1).evolve(30)
    assert fitness.accuracy(found.best) > 0.95 > fitness.accuracy(start)
    assert found.score == fitness(found.best) == found.history[-1]
    assert found.history == sorted(found.history)
    assert found.best.phase == "crystallized"
    assert start.to_floats() == [0.0] * 4


def test_a_seed_decides_the_search_and_nan_never_wins():
    fitness = WavefunctionFitness((1, 1, 0, 0))
    one, same, other = (evolve_with_fitness(ResonantTensor([0.0] * 4), fitness, 5, seed) for seed in (0, 0, 1))
    assert one.history == same.history != other.history
    seen = []

    def broken(tensor):
        seen.append(1)
        return math.nan if len(seen) > 1 else 0.0

    assert FitnessGuidedEvolver(ResonantTensor([1.0]), broken, 4).evolve(3).score == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ClassificationFitness([[1.0]], [0, 1], 1, 2), "1 inputs and 2 answers"),
        (lambda: ClassificationFitness([[1.0]], [2], 1, 2), "2 is no label of 2 classes"),
        (lambda: ClassificationFitness([[1.0]], [1], 2, 2), "expected n_features = 2"),
        (lambda: RegressionFitness([[1.0]], [[1.0, 2.0]], 1), "expected n_outputs = 1"),
        (lambda: WavefunctionFitness(()), "is empty"),
        (lambda: FitnessGuidedEvolver(WEIGHTS, len, 1), "population_size is 1"),
        (lambda: FitnessGuidedEvolver(WEIGHTS, len, 4, 1.0), "survivor_fraction is 1.0"),
        (lambda: FitnessGuidedEvolver(WEIGHTS, len, 4, 0.5, 0.0), "mutation_scale is 0.0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
