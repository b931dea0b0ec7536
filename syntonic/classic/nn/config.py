"""The settings of a training on data, by the names of the documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syntonic._core import PHI_INVERSE


@dataclass
class RESTrainingConfig:
    """What `RetrocausalTrainer(model, data)` needs to know.

    Attributes:
        max_generations: at most.
        population_size: members of a generation, an even number.
        syntony_threshold: the training ends when the centre's syntony reaches it.
        attractor_capacity: states that are remembered.
        pull_strength: share of their centroid in the new centre; 0 switches the memory off. A run's default is .03.
        attractor_min_syntony: 0; states are remembered by their score (see `options` for `attractor_quantile`).
        attractor_decay_rate: decay of an attractor's weight in a generation.
        syntony_target: syntony that is enough, above 0 and at most 1. Nothing reaches the S* = 1.59 of the documents.
        use_archonic_detection: whether the training ends when it is archonic and fitness no longer improves.
        log_interval: generations from one printed line to the next, with `train(verbose=True)`.
        eval_interval: generations from one loss on the validation data to the next.
        lambda_syntony: weight of the syntony in a member's score.
        mu_phase: weight of the phase cost of the outputs, added to the loss of training.
        noise_scale: standard deviation of the members' noise.
        enable_viz: whether the trainer keeps a `SyntonyViz` as `viz`.
        batch_size: examples that a generation sees; None: all.
        seed: of all randomness.
        device: "cpu", "cuda" or "cuda:N".
        options: other settings of the trainer by their names, such as `learning_rate`.

    Raises:
        ValueError: a value out of its range.
    """

    max_generations: int = 500
    population_size: int = 32
    syntony_threshold: float = 0.95
    attractor_capacity: int = 32
    pull_strength: float = 0.3
    attractor_min_syntony: float = 0.0
    attractor_decay_rate: float = 0.98
    syntony_target: float = PHI_INVERSE
    use_archonic_detection: bool = True
    log_interval: int = 10
    eval_interval: int = 1
    lambda_syntony: float = 0.1
    mu_phase: float = 0.0
    noise_scale: float = 0.1
    enable_viz: bool = False
    batch_size: int | None = None
    seed: int = 0
    device: str = "cpu"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.attractor_min_syntony != 0:
            raise ValueError(
                f"attractor_min_syntony is {self.attractor_min_syntony}; states are remembered by their score, not "
                "by their syntony: write options={'attractor_quantile': 0.5}"
            )
        for name in ("syntony_target", "syntony_threshold"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} is {getattr(self, name)}; syntony lies in 0 to 1, so it must be above 0 and at most "
                    "1: leave it out for the default"
                )
        for name in ("log_interval", "eval_interval"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}; it must be at least 1, or None for all examples")
        if not self.mu_phase >= 0:
            raise ValueError(f"mu_phase is {self.mu_phase}; it must be at least 0")

    def settings(self) -> dict[str, Any]:
        """Returns the keyword arguments of the trainer of a run."""
        return {
            "max_generations": self.max_generations,
            "population_size": self.population_size,
            "attractor_capacity": self.attractor_capacity,
            "attractor_decay_rate": self.attractor_decay_rate,
            "pull_strength": self.pull_strength,
            "lambda_syntony": self.lambda_syntony,
            "sigma": self.noise_scale,
            **self.options,
        }
