"""Digits, MLP 64-32-10: the cosine between one generation's estimate and the float64 derivative, by forward passes.

uv run python experiments/activations/cosine.py
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntonic._core import Tensor
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.nn.training import RetrocausalTrainer

Array = NDArray[np.float64]
BATCHES: Final = 10
# With these a step is the estimate itself.
PLAIN: Final[dict[str, Any]] = {
    "lattice": False,
    "optimizer": "momentum",
    "beta1": 0.0,
    "learning_rate": 1.0,
    "learning_rate_final": 1.0,
    "harmonize_strength": 0.0,
    "pull_strength": 0.0,
    "max_generations": 1,
}
ONE: Final[dict[str, Any]] = {"estimator": "activations"}
WAYS: Final[dict[str, dict[str, Any]]] = {
    "one-sided Gaussian": ONE | {"draw_noise": "gaussian"},
    "one-sided signs": ONE | {"draw_noise": "sign"},
    "Hadamard": ONE,
    "Hadamard, mirrored": ONE | {"mirrored": True},
    "Hadamard, sigma by spread": ONE | {"sigma_unit": "spread"},
    "Hadamard, one site a draw": ONE | {"draw_sites": "in_turn"},
    "Hadamard, active only": ONE | {"active_only": True},
    "Hadamard, exact head": ONE | {"head": "exact"},
    "Hadamard, exact head, active only": ONE | {"head": "exact", "active_only": True},
    "weights": {},
}


def values(model: MLP) -> list[Array]:
    """Returns the parameters in float64."""
    return [np.asarray(p.data.to_tensor("float64")).copy() for p in model.parameters()]


def derivative(parameters: list[Array], inputs: Tensor, labels: Tensor) -> Array:
    """Returns the derivative of the mean cross-entropy, written out by hand."""
    w1, b1, w2, b2 = parameters
    x, y = np.asarray(inputs, dtype=np.float64), np.asarray(labels).astype(int)
    z = x @ w1.T + b1
    h = np.maximum(z, 0)
    o = h @ w2.T + b2
    e = np.exp(o - o.max(1, keepdims=True))
    e /= e.sum(1, keepdims=True)
    e[np.arange(len(y)), y] -= 1
    e /= len(y)
    d = (e @ w2) * (z > 0)
    return np.concatenate([(d.T @ x).ravel(), d.sum(0), (e.T @ h).ravel(), e.sum(0)])


def cosines(way: dict[str, Any], count: int, generations: int) -> list[float]:
    """Returns the cosines of estimates by `count` forward passes after some generations of training."""
    found = []
    for seed in range(BATCHES):
        benchmark = registry.lookup("benchmark", "digits")(seed)
        model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=(32,), activation="relu")
        model.initialize(seed)
        if generations:
            training = RetrocausalTrainer(
                seed, estimator="activations", learning_rate=0.01, pull_strength=0.0, max_generations=generations
            )
            list(training.run(model, benchmark))
        mirrored = way.get("mirrored", False)
        size = (
            {"draws": count // 2 if mirrored else count - 1}
            if way.get("estimator")
            else {"population_size": count, "lambda_syntony": 0.0}
        )
        before = values(model)
        list(RetrocausalTrainer(seed + 100, **PLAIN, **way, **size).run(model, benchmark))
        step = np.concatenate([(a - b).ravel() for a, b in zip(values(model), before, strict=True)])
        exact = derivative(before, *benchmark.batch(0))
        found.append(float(-step @ exact / np.linalg.norm(step) / np.linalg.norm(exact)))
    return found


def main() -> None:
    """Prints the table."""
    print("| estimate | P = 8, start | P = 8, late | P = 32, start | P = 32, late |\n|---|---|---|---|---|")
    for name, way in WAYS.items():
        cells = [np.mean(cosines(way, count, after)) for count in (8, 32) for after in (0, 300)]
        print(f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
