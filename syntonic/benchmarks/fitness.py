"""Fitness of a tensor of weights by itself, without a model: score = task + lambda S, and a search that looks at it.

These are the fitness functions of earlier documents; runs are trained by `RetrocausalTrainer`, on a benchmark.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syntonic._core import Q_DEFICIT, ResonantTensor

Fitness = Callable[[ResonantTensor], float]


class ClassificationFitness:
    """Minus the mean cross-entropy of logits X W, plus lambda S.

    W (n_features, n_classes) holds the tensor's values row by row; what the tensor lacks is 0, what it has more is not
    looked at.

    Args:
        x: inputs (samples, n_features).
        y: as many labels, 0 to n_classes - 1.
        n_features: of an input.
        n_classes: how many classes there are.
        lambda_syntony: weight of the syntony.

    Raises:
        ValueError: inputs or labels that do not fit.
    """

    def __init__(
        self,
        x: Sequence[Sequence[float]],
        y: Sequence[int],
        n_features: int,
        n_classes: int,
        lambda_syntony: float = Q_DEFICIT,
    ) -> None:
        _check(x, y, n_features)
        if wrong := [label for label in y if not (0 <= label < n_classes and label == int(label))]:
            raise ValueError(f"{wrong[0]} is no label of {n_classes} classes, which are 0 to {n_classes - 1}")
        self._x, self._y = [list(row) for row in x], [int(label) for label in y]
        self._features, self._classes = n_features, n_classes
        self._lambda = lambda_syntony

    def __call__(self, tensor: ResonantTensor) -> float:
        """Returns the score of a tensor."""
        costs = []
        for logits, label in zip(self._logits(tensor), self._y, strict=True):
            most = max(logits)
            costs.append(most + math.log(math.fsum(math.exp(z - most) for z in logits)) - logits[label])
        return -math.fsum(costs) / len(costs) + self._lambda * tensor.syntony

    def accuracy(self, tensor: ResonantTensor) -> float:
        """Returns the share of inputs whose first largest logit is the label's."""
        right = (
            logits.index(max(logits)) == label for logits, label in zip(self._logits(tensor), self._y, strict=True)
        )
        return sum(right) / len(self._y)

    def _logits(self, tensor: ResonantTensor) -> list[list[float]]:
        return _products(self._x, _padded(tensor, self._features * self._classes), self._classes)


class RegressionFitness:
    """Minus the mean squared error of X W, plus lambda S; W (n_features, n_outputs) as in `ClassificationFitness`.

    Args:
        x: inputs (samples, n_features).
        y: as many targets, numbers or rows (n_outputs,).
        n_features: of an input.
        n_outputs: of a target.
        lambda_syntony: weight of the syntony.

    Raises:
        ValueError: inputs or targets that do not fit.
    """

    def __init__(
        self,
        x: Sequence[Sequence[float]],
        y: Sequence[float] | Sequence[Sequence[float]],
        n_features: int,
        n_outputs: int = 1,
        lambda_syntony: float = Q_DEFICIT,
    ) -> None:
        _check(x, y, n_features)
        self._x = [list(row) for row in x]
        self._y = [list(target) if isinstance(target, Sequence) else [float(target)] for target in y]
        if wrong := [target for target in self._y if len(target) != n_outputs]:
            raise ValueError(f"a target has {len(wrong[0])} numbers; expected n_outputs = {n_outputs}")
        self._features, self._outputs = n_features, n_outputs
        self._lambda = lambda_syntony

    def __call__(self, tensor: ResonantTensor) -> float:
        """Returns the score of a tensor."""
        found = _products(self._x, _padded(tensor, self._features * self._outputs), self._outputs)
        squares = [
            (a - b) ** 2 for row, target in zip(found, self._y, strict=True) for a, b in zip(row, target, strict=True)
        ]
        return -math.fsum(squares) / len(squares) + self._lambda * tensor.syntony


class WavefunctionFitness:
    """Minus the Euclidean distance of the first values to a target winding, plus lambda S.

    Args:
        target: the winding, such as (1, 0, 0, 0).
        lambda_syntony: weight of the syntony.

    Raises:
        ValueError: an empty target.
    """

    def __init__(self, target: Sequence[float], lambda_syntony: float = Q_DEFICIT) -> None:
        if not target:
            raise ValueError("the target winding is empty; it has a number for each axis, such as (1, 0, 0, 0)")
        self._target = [float(n) for n in target]
        self._lambda = lambda_syntony

    def __call__(self, tensor: ResonantTensor) -> float:
        """Returns the score of a tensor."""
        return -math.dist(_padded(tensor, len(self._target)), self._target) + self._lambda * tensor.syntony


@dataclass(frozen=True)
class Evolved:
    """What a search has found.

    Attributes:
        best: the tensor with the highest score.
        score: of it.
        history: the highest score so far, after each generation.
    """

    best: ResonantTensor
    score: float
    history: list[float]


class FitnessGuidedEvolver:
    """Keeps the best of a population, and fills it up with copies to which Gaussian noise is added.

    Every member is crystallized before it is scored. The template is the first member.

    Args:
        template: where the search starts; it is not changed.
        fitness: scores a tensor, the larger the better; NaN counts as worst.
        population_size: members, at least 2.
        survivor_fraction: the share of them that is kept, above 0 and below 1.
        mutation_scale: standard deviation of the noise.
        precision: bound of the lattice's coefficients.
        seed: draws the noise.

    Raises:
        ValueError: an argument out of its range.
    """

    def __init__(
        self,
        template: ResonantTensor,
        fitness: Fitness,
        population_size: int = 64,
        survivor_fraction: float = 0.25,
        mutation_scale: float = 0.3,
        precision: int = 100,
        seed: int = 0,
    ) -> None:
        if population_size < 2:
            raise ValueError(f"population_size is {population_size}; it must be at least 2")
        if not 0 < survivor_fraction < 1:
            raise ValueError(f"survivor_fraction is {survivor_fraction}; it must be above 0 and below 1")
        if not 0 < mutation_scale < math.inf:
            raise ValueError(f"mutation_scale is {mutation_scale}; it must be above 0 and finite")
        self._fitness = fitness
        self._size = population_size
        self._kept = max(1, int(population_size * survivor_fraction))
        self._scale = mutation_scale
        self._precision = precision
        self._source = random.Random(f"fitness {seed}")
        self._shape, self._norms = template.shape, template.mode_norms
        self._members = [self._scored(self._crystallized(template.to_floats()))]

    def evolve(self, generations: int = 100) -> Evolved:
        """Runs some generations more and returns the best so far."""
        history = []
        for _ in range(generations):
            parents = self._members[: self._kept]
            while len(parents) < self._size:
                _, parent = self._members[self._source.randrange(min(self._kept, len(self._members)))]
                moved = [x + self._source.gauss(0.0, self._scale) for x in parent.to_floats()]
                parents.append(self._scored(self._crystallized(moved)))
            self._members = sorted(parents, key=lambda member: -member[0])
            history.append(self._members[0][0])
        score, best = self._members[0]
        return Evolved(best, score, history)

    def _crystallized(self, values: list[float]) -> ResonantTensor:
        return ResonantTensor(values, self._shape, self._norms, self._precision)

    def _scored(self, member: ResonantTensor) -> tuple[float, ResonantTensor]:
        score = self._fitness(member)
        return (-math.inf if math.isnan(score) else score), member


def evolve_with_fitness(template: ResonantTensor, fitness: Fitness, generations: int = 100, seed: int = 0) -> Evolved:
    """Searches from a template with the settings of `FitnessGuidedEvolver`."""
    return FitnessGuidedEvolver(template, fitness, seed=seed).evolve(generations)


def _check(x: Sequence[Sequence[float]], y: Sequence[object], features: int) -> None:
    if len(x) != len(y) or not x:
        raise ValueError(f"there are {len(x)} inputs and {len(y)} answers; there must be as many, and at least one")
    if wrong := [row for row in x if len(row) != features]:
        raise ValueError(f"an input has {len(wrong[0])} numbers; expected n_features = {features}")


def _padded(tensor: ResonantTensor, count: int) -> list[float]:
    values = tensor.to_floats()[:count]
    return values + [0.0] * (count - len(values))


def _products(x: list[list[float]], weights: list[float], outputs: int) -> list[list[float]]:
    columns = [weights[output::outputs] for output in range(outputs)]
    return [[math.fsum(a * w for a, w in zip(row, column, strict=True)) for column in columns] for row in x]
