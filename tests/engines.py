"""A small engine of the core for tests that want one and do not care which."""

from typing import Any

from syntonic._core import Evolution, ResonantTensor


def engine(parameter: ResonantTensor | None = None, **changes: Any) -> Evolution:
    """Returns an engine for one parameter; `changes` are arguments that it is to have instead of these."""
    arguments: dict[str, Any] = {
        "seed": 1,
        "population_size": 8,
        "sigma_final": 0.1,
        "learning_rate": 0.1,
        "beta2": 0.99,
        "max_generations": 5,
        "harmonize_strength": 0.0,
        "pull_strength": 0.0,
        "attractor_capacity": 2,
        "attractor_decay_rate": 0.9,
        "attractor_quantile": 0.5,
        "lambda_syntony": 0.0,
        "threads": 1,
    }
    return Evolution([parameter or ResonantTensor([[0.5, 1.0]])], **{**arguments, **changes})
