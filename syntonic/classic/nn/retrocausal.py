"""Evolvers with and without a memory, by the short calls of the documents."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syntonic._core import ResonantTensor
from syntonic.classic.nn.evolver import RESConfig, ResonantEvolver


@dataclass
class RetrocausalConfig:
    """What a retrocausal evolver needs to know; see `RESConfig` for what each does.

    Attributes:
        population_size: candidates of a generation, an even number.
        survivor_count: those of the highest syntony that are ranked; None: all.
        attractor_capacity: tensors that are remembered.
        pull_strength: share of their centroid.
        min_syntony: below it nothing is remembered.
        decay_rate: decay of an attractor's weight in a generation.
    """

    population_size: int = 32
    survivor_count: int | None = None
    attractor_capacity: int = 32
    pull_strength: float = 0.3
    min_syntony: float = 0.0
    decay_rate: float = 0.98

    def to_res_config(self, **others: Any) -> RESConfig:  # noqa: ANN401 (settings of RESConfig)
        """Returns the config of the evolver; `others` are settings of `RESConfig`."""
        return RESConfig(
            population_size=self.population_size,
            survivor_count=self.survivor_count,
            enable_retrocausal=True,
            attractor_capacity=self.attractor_capacity,
            attractor_pull_strength=self.pull_strength,
            attractor_min_syntony=self.min_syntony,
            attractor_decay_rate=self.decay_rate,
            **others,
        )


def create_retrocausal_evolver(
    template: ResonantTensor,
    population_size: int = 32,
    attractor_capacity: int = 32,
    pull_strength: float = 0.3,
    min_syntony: float = 0.0,
    decay_rate: float = 0.98,
    *,
    fitness: Callable[[ResonantTensor], float] | None = None,
    **others: Any,  # noqa: ANN401 (settings of RESConfig)
) -> ResonantEvolver:
    """Returns an evolver with a memory; `others` are settings of `RESConfig`."""
    config = RetrocausalConfig(population_size, None, attractor_capacity, pull_strength, min_syntony, decay_rate)
    return ResonantEvolver(template, config.to_res_config(**others), fitness)


def create_standard_evolver(
    template: ResonantTensor,
    population_size: int = 32,
    *,
    fitness: Callable[[ResonantTensor], float] | None = None,
    **others: Any,  # noqa: ANN401 (settings of RESConfig)
) -> ResonantEvolver:
    """Returns an evolver without a memory; `others` are settings of `RESConfig`."""
    return ResonantEvolver(template, RESConfig(population_size, **others), fitness)
