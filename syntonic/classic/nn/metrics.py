"""Figures of a training by the names of the documents: of plain numbers, and floats."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from syntonic._core import PHI_INVERSE, ResonantTensor
from syntonic.nn.training.metrics import syntony_gap


@dataclass
class SyntonyMetrics:
    """The syntony of a model at one time.

    Attributes:
        global_syntony: of the whole.
        layer_syntonies: of each layer.
        syntony_trend: how it goes.
        is_archonic: whether it goes up and down and gets nowhere.
        phase_alignment: 1 is aligned.
    """

    global_syntony: float = 0.0
    layer_syntonies: list[float] = field(default_factory=list)
    syntony_trend: float = 0.0
    is_archonic: bool = False
    phase_alignment: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns all by name; `layer_syntonies` is a list of its own."""
        return asdict(self)


@dataclass
class TrainingMetrics:
    """The figures of one generation; `accuracy` is None where there is none."""

    fitness: float = 0.0
    loss: float = 0.0
    task_loss: float = 0.0
    syntony_loss: float = 0.0
    phase_loss: float = 0.0
    accuracy: float | None = None
    syntony: float = 0.0
    generation: int = 0
    population_diversity: float = 0.0
    mutation_rate: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Returns all by name, without an accuracy that is None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def compute_syntony_from_weights(
    weights: ResonantTensor | Sequence[float], norms: Sequence[float] | None = None
) -> float:
    """Returns S = sum w^2 e^(-n^2 / phi) / sum w^2; 0 without energy. Without norms they are a tensor's own, or i^2.

    Raises:
        ValueError: not as many norms as weights.
    """
    if isinstance(weights, ResonantTensor) and norms is None:
        return weights.syntony
    values = weights.to_floats() if isinstance(weights, ResonantTensor) else list(weights)
    squares = [float(i * i) for i in range(len(values))] if norms is None else list(norms)
    if len(squares) != len(values):
        raise ValueError(f"expected a norm for each of {len(values)} weights, got {len(squares)}")
    total = math.fsum(x * x for x in values)
    low = math.fsum(x * x * math.exp(-n * PHI_INVERSE) for x, n in zip(values, squares, strict=True))
    return low / total if total else 0.0


def compute_accuracy(predictions: Sequence[float], targets: Sequence[float]) -> float:
    """Returns the share of equal pairs; 0 for none.

    Raises:
        ValueError: not as many targets.
    """
    _check(predictions, targets)
    return sum(p == t for p, t in zip(predictions, targets, strict=True)) / len(targets) if len(targets) else 0.0


def compute_mse(predictions: Sequence[float], targets: Sequence[float]) -> float:
    """Returns the mean of (p - t)^2; 0 for none.

    Raises:
        ValueError: not as many targets.
    """
    _check(predictions, targets)
    squares = [(p - t) ** 2 for p, t in zip(predictions, targets, strict=True)]
    return math.fsum(squares) / len(squares) if squares else 0.0


def compute_cross_entropy(
    probabilities: Sequence[Sequence[float]], targets: Sequence[int], num_classes: int | None = None
) -> float:
    """Returns the mean of -ln p[target], p at least 1e-10; 0 for none.

    Raises:
        ValueError: not as many targets, or one that is no class.
    """
    _check(probabilities, targets)
    total = []
    for row, target in zip(probabilities, targets, strict=True):
        if not 0 <= target < (len(row) if num_classes is None else min(num_classes, len(row))):
            raise ValueError(f"{target} is no class of {len(row) if num_classes is None else num_classes}")
        total.append(-math.log(max(row[target], 1e-10)))
    return math.fsum(total) / len(total) if total else 0.0


def compute_syntony_gap(syntony: float, target: float = PHI_INVERSE) -> dict[str, float]:
    """Returns how far a syntony is from a target, and the target; see `syntony_gap`.

    Raises:
        ValueError: a target outside of (0, 1].
    """
    return {**syntony_gap(syntony, target), "target": target}


def compute_population_diversity(population: Sequence[ResonantTensor | Sequence[float]]) -> float:
    """Returns the mean Euclidean distance of all pairs; 0 for fewer than two."""
    values = [x.to_floats() if isinstance(x, ResonantTensor) else list(x) for x in population]
    distances = [math.dist(a, b) for a, b in combinations(values, 2)]
    return math.fsum(distances) / len(distances) if distances else 0.0


def compute_weight_statistics(weights: ResonantTensor | Sequence[float]) -> dict[str, float]:
    """Returns mean, population standard deviation, largest and smallest value and Euclidean norm; zeros for none."""
    values = weights.to_floats() if isinstance(weights, ResonantTensor) else list(weights)
    if not values:
        return dict.fromkeys(("mean", "std", "max", "min", "norm"), 0.0)
    mean = math.fsum(values) / len(values)
    spread = math.fsum((x - mean) ** 2 for x in values) / len(values)
    norm = math.sqrt(math.fsum(x * x for x in values))
    return {"mean": mean, "std": math.sqrt(spread), "max": max(values), "min": min(values), "norm": norm}


def _check(found: Sequence[Any], targets: Sequence[Any]) -> None:
    if len(found) != len(targets):
        raise ValueError(f"there are {len(found)} predictions and {len(targets)} targets; there must be as many")
