"""The evolver of the documents: one tensor that evolves to a high score = fitness + lambda S.

It asks the engine that trains models for members, makes a candidate of each, and tells it their scores:

    candidate = snap((1 - lam) H D x + lam c),   c: the centroid of the memory, lam = 0 without one

Without a fitness the score is the syntony alone. Models are trained by `RetrocausalTrainer`, on data.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from syntonic._core import Q_DEFICIT, Evolution, ResonantTensor
from syntonic.classic.nn.attractors import Attractor, AttractorMemory


@dataclass
class RESConfig:
    """What a `ResonantEvolver` needs to know.

    Attributes:
        population_size: candidates of a generation, an even number.
        survivor_count: those of the highest syntony that are ranked; None: all.
        lambda_val: weight of the syntony in a score; None: q. Without a fitness it is 1.
        mutation_scale: standard deviation of the members' noise.
        precision: bound on the lattice coefficients of a snap.
        noise_scale: of the noise within D.
        max_generations: at most.
        convergence_threshold: a smaller improvement of the best score counts as none.
        enable_retrocausal: whether candidates are pulled to remembered ones.
        attractor_capacity: tensors that are remembered.
        attractor_pull_strength: share lam of their centroid.
        attractor_min_syntony: below it nothing is remembered. The documents have .7, which no ordinary tensor reaches.
        attractor_decay_rate: decay of an attractor's weight in a generation.
        cuda_device_idx: -1; the evolver computes on the CPU.
        patience: generations without an improvement after which it ends.
        seed: of all randomness.

    Raises:
        ValueError: a value out of its range.
    """

    population_size: int = 64
    survivor_count: int | None = None
    lambda_val: float | None = None
    mutation_scale: float = 0.1
    precision: int = 100
    noise_scale: float = 0.01
    max_generations: int = 1000
    convergence_threshold: float = 1e-6
    enable_retrocausal: bool = False
    attractor_capacity: int = 32
    attractor_pull_strength: float = 0.3
    attractor_min_syntony: float = 0.0
    attractor_decay_rate: float = 0.98
    cuda_device_idx: int = -1
    patience: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cuda_device_idx != -1:
            raise ValueError(
                f"cuda_device_idx is {self.cuda_device_idx}; the evolver computes on the CPU: leave it out, or train a "
                "model by RetrocausalTrainer(seed, 'cuda')"
            )
        if not 0 <= self.attractor_pull_strength <= 1:
            raise ValueError(f"attractor_pull_strength is {self.attractor_pull_strength}; it must lie in 0 to 1")
        for name in ("noise_scale", "convergence_threshold"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0")
        if self.patience < 1:
            raise ValueError(f"patience is {self.patience}; it must be at least 1")


@dataclass(frozen=True)
class RESResult:
    """What an evolution has found.

    Attributes:
        winner: the candidate of the highest score.
        final_syntony: of the winner.
        generations: that were run.
        converged: whether it improved on the template and then no more.
        stagnated: whether it never improved on the template.
        syntony_history: of the best candidate so far: the template's, and one for each generation.
        best_score: of the winner.
    """

    winner: ResonantTensor
    final_syntony: float
    generations: int
    converged: bool
    stagnated: bool
    syntony_history: list[float]
    best_score: float


class ResonantEvolver:
    """Evolves a tensor.

    Args:
        template: where it starts; it is not changed.
        config: see `RESConfig`.
        fitness: of a crystallized tensor, the larger the better; NaN counts as worst. None: syntony alone.

    Raises:
        ValueError: a config out of range.
    """

    def __init__(
        self,
        template: ResonantTensor,
        config: RESConfig | None = None,
        fitness: Callable[[ResonantTensor], float] | None = None,
    ) -> None:
        self.config: Final = config or RESConfig()
        self.template: Final = template.clone()
        self._fitness: Final = fitness
        self._lambda: Final = 1.0 if fitness is None else self._given_lambda()
        own = self.template.clone()
        own.crystallize(self.config.precision)
        self.best: ResonantTensor = own.clone()
        self.best_score = self._first_score = self._score(own)
        self._syntonies = [own.syntony]
        self._best_scores = [self.best_score]
        self._engine: Final = Evolution(
            [own],
            seed=self.config.seed,
            population_size=self.config.population_size,
            survivor_count=self.config.survivor_count,
            sigma=self.config.mutation_scale,
            precision=self.config.precision,
            max_generations=self.config.max_generations,
            lambda_syntony=0.0,  # the scores have it
            pull_strength=0.0,  # candidates are pulled one by one
        )
        self.memory: Final = AttractorMemory(
            self.config.attractor_capacity, self.config.attractor_min_syntony, self.config.attractor_decay_rate
        )

    @property
    def generation(self) -> int:
        """Generations so far."""
        return self._engine.generation

    @property
    def best_syntony(self) -> float:
        """Syntony of the best candidate so far."""
        return self.best.syntony

    @property
    def syntony_history(self) -> list[float]:
        """Syntony of the best candidate so far: the template's, and one for each generation."""
        return list(self._syntonies)

    @property
    def is_stagnated(self) -> bool:
        """Whether the best score has not improved for `patience` generations."""
        recent = self._best_scores[-self.config.patience - 1 :]
        return len(recent) > self.config.patience and recent[-1] - recent[0] <= self.config.convergence_threshold

    @property
    def is_converged(self) -> bool:
        """Whether the best score has improved on the template's, and then no more for `patience` generations."""
        return self.is_stagnated and self.best_score - self._first_score > self.config.convergence_threshold

    def step(self) -> float:
        """Runs one generation; returns the best score so far."""
        candidates = [self._candidate(values, i) for i, values in enumerate(self._engine.members())]
        scores = [self._score(candidate) for candidate in candidates]
        ranked = [score if score == score else -math.inf for score in scores]
        first = ranked.index(max(ranked))
        if ranked[first] > self.best_score:
            self.best, self.best_score = candidates[first], ranked[first]
        self._engine.tell(scores)
        if self.config.enable_retrocausal:
            self.memory.maybe_add(candidates[first], generation=self.generation)
            self.memory.generation = self.generation
        self._syntonies.append(self.best.syntony)
        self._best_scores.append(self.best_score)
        return self.best_score

    def run(self) -> RESResult:
        """Runs until `max_generations`, or until the best score does not improve any more."""
        while self.generation < self.config.max_generations and not self.is_stagnated:
            self.step()
        return RESResult(
            winner=self.best.clone(),
            final_syntony=self.best.syntony,
            generations=self.generation,
            converged=self.is_converged,
            stagnated=self.is_stagnated and not self.is_converged,
            syntony_history=self.syntony_history,
            best_score=self.best_score,
        )

    @property
    def attractor_count(self) -> int:
        """How many tensors are remembered."""
        return len(self.memory)

    @property
    def attractor_syntony_values(self) -> list[float]:
        """Their syntonies."""
        return [attractor.syntony for attractor in self.memory.attractors]

    @property
    def attractor_generations(self) -> list[int]:
        """The generations that they are of."""
        return [attractor.generation for attractor in self.memory.attractors]

    def get_top_attractors(self, k: int) -> list[Attractor]:
        """Returns the k of the largest weight, largest first."""
        return self.memory.top(k)

    def store_attractor(self, tensor: ResonantTensor) -> bool:
        """Offers a tensor to the memory; returns whether it was admitted."""
        return self.memory.maybe_add(tensor, generation=self.generation)

    def clear_attractors(self) -> None:
        """Forgets all."""
        self.memory.clear()

    def apply_decay(self) -> None:
        """Lets the attractors grow older by a generation."""
        self.memory.apply_decay()

    def harmonize(self, tensor: ResonantTensor) -> ResonantTensor:
        """Returns snap((1 - lam) H x + lam c) of a tensor; snap(H x) without attractors."""
        return self._harmonized(tensor.to_floats(), self.config.attractor_pull_strength)

    def pull(self, tensor: ResonantTensor, strength: float | None = None) -> ResonantTensor:
        """Returns snap((1 - lam) x + lam c) of a tensor; snap(x) without attractors."""
        lam = self.config.attractor_pull_strength if strength is None else strength
        return self._crystal(self._towards(tensor.to_floats(), lam))

    def unlock(self, tensor: ResonantTensor) -> ResonantTensor:
        """Returns the centroid, snapped: a pull of strength 1."""
        return self.pull(tensor, 1.0)

    def _given_lambda(self) -> float:
        return Q_DEFICIT if self.config.lambda_val is None else self.config.lambda_val

    def _score(self, tensor: ResonantTensor) -> float:
        fitness = 0.0 if self._fitness is None else self._fitness(tensor)
        return fitness + self._lambda * tensor.syntony

    def _candidate(self, values: list[float], number: int) -> ResonantTensor:
        stirred = self._flux(values)
        step = self.generation * self.config.population_size + number
        stirred.differentiate(self.config.noise_scale, seed=self.config.seed, step=step % 2**32)
        pull = self.config.attractor_pull_strength if self.config.enable_retrocausal else 0.0
        return self._harmonized(stirred.to_floats(), pull)

    def _harmonized(self, values: Sequence[float], pull: float) -> ResonantTensor:
        flux = self._flux(values)
        flux.harmonize()
        return self._crystal(self._towards(flux.to_floats(), pull))

    def _towards(self, values: list[float], pull: float) -> list[float]:
        centre = self.memory.centroid() if pull else None
        if centre is None:
            return values
        return [(1 - pull) * x + pull * c for x, c in zip(values, centre, strict=True)]

    def _flux(self, values: Sequence[float]) -> ResonantTensor:
        shape, norms = self.template.shape, self.template.mode_norms
        return ResonantTensor.from_flux(list(values), shape, norms, self.config.precision)

    def _crystal(self, values: Sequence[float]) -> ResonantTensor:
        flux = self._flux(values)
        flux.crystallize()
        return flux
