"""RetrocausalTrainer: a population-based evolution strategy on the golden lattice.

One generation: differentiate (members = centre + sigma * noise), evaluate, recurse (centred ranks to a step),
harmonize (damp high modes), pull towards remembered good states, crystallize. Without the pull it is the resonant
evolution strategy (RES), without lattice and harmonization as well an ordinary evolution strategy: Salimans et al.,
arXiv 1703.03864; noise of low rank: Sarkar et al., arXiv 2511.16652.
"""

import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MultipleOf

from syntonic._core import Q_DEFICIT, Evolution, Graph, Objective, Symbol, Tensor
from syntonic.core.archonic import WINDOW, archonic
from syntonic.core.registry import register
from syntonic.nn.training.record import GenerationRecord
from syntonic.sn import Module

Share = Annotated[float, Ge(0), Le(1)]
ARCHONIC_INTERVAL: Final = 10
Value = TypeVar("Value", Tensor, Symbol)


class Task(Protocol):
    """What the trainer needs of a benchmark."""

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns inputs and targets of a generation, of the same shapes in each."""
        ...

    def loss(self, outputs: Value, targets: Value) -> Value:
        """Returns the scalar to be made small."""
        ...

    def metrics(self, outputs: Value, targets: Value) -> Mapping[str, Value]:
        """Returns scalars that describe a batch."""
        ...


@register("trainer", "retrocausal")
class RetrocausalTrainer:
    """Trains a model by evolution; `run` yields one record for each generation.

    Args:
        seed: of all random numbers, 0 to 2^32 - 1.
        device: where members are evaluated: "cpu", "cuda" or "cuda:N". A GPU draws the noise of the CPU; the centre
            stays with the CPU.
        population_size: members of a generation, in mirrored pairs.
        sigma: standard deviation of the noise at the start.
        sigma_final: share of it left at the end.
        rank: rank of the noise of matrices; None is full rank.
        optimizer: how the estimated direction becomes a step.
        learning_rate: step size at the start.
        learning_rate_final: share of it left at the end.
        schedule: how both shares are reached over `max_generations`.
        beta1: decay of the first moment, or of the velocity.
        beta2: decay of the second moment.
        max_generations: generations of a run.
        lattice: whether the centre is crystallized after each generation.
        precision: bound on the lattice coefficients.
        error_feedback: whether what rounding leaves over is carried to the next generation.
        harmonize_strength: s in beta = s S / phi, the damping of high modes.
        pull_strength: share of the attractors' centroid in the new centre; 0 switches the memory off.
        attractor_capacity: attractors remembered at once.
        attractor_decay_rate: decay of an attractor's weight in a generation.
        attractor_quantile: quantile of the remembered scores that a new attractor must exceed.
        lambda_syntony: weight of syntony in a member's score; None is q = 0.0274.
        survivor_count: members of highest syntony that take part in the ranking; None lets all.
        archonic_window: generations whose syntony is searched for the archonic pattern, every tenth generation.
        elitist: whether the best member replaces the centre when its score is higher.
        dtype: number format of the members; the centre is float64 always.
        threads: threads of the engine; None is one for each core. No result depends on it.

    Raises:
        ValueError: an argument out of its range, or two that do not go together.

    `run` raises DeviceUnavailable if the device cannot be used, and ValueError that names the first operation of the
    model that a GPU has no rule for.
    """

    def __init__(
        self,
        seed: int,
        device: str = "cpu",
        *,
        population_size: Annotated[int, Ge(2), MultipleOf(2)] = 256,
        sigma: Annotated[float, Gt(0)] = 0.1,
        sigma_final: Annotated[float, Gt(0), Le(1)] = 1.0,
        rank: Annotated[int, Ge(1)] | None = None,
        optimizer: Literal["adam", "momentum"] = "adam",
        learning_rate: Annotated[float, Gt(0)] = 0.03,
        learning_rate_final: Share = 0.1,
        schedule: Literal["cosine", "linear"] = "cosine",
        beta1: Annotated[float, Ge(0), Lt(1)] = 0.9,
        beta2: Annotated[float, Ge(0), Lt(1)] = 0.999,
        max_generations: Annotated[int, Ge(1), Le(2**32 - 1)] = 200,
        lattice: bool = True,
        precision: Annotated[int, Ge(1), Le(2**30)] = 100,
        error_feedback: bool = True,
        harmonize_strength: Annotated[float, Ge(0), Le(1.618)] = 0.001,
        pull_strength: Share = 0.03,
        attractor_capacity: Annotated[int, Ge(1)] = 32,
        attractor_decay_rate: Share = 0.98,
        attractor_quantile: Share = 0.0,
        lambda_syntony: Annotated[float, Ge(0)] | None = None,
        survivor_count: Annotated[int, Ge(2)] | None = None,
        elitist: bool = False,
        archonic_window: Annotated[int, Ge(4)] = WINDOW,
        dtype: Literal["float32", "float64"] = "float32",
        threads: Annotated[int, Ge(1), Le(1024)] | None = None,
    ) -> None:
        if re.fullmatch(r"cpu|cuda(:\d+)?", device) is None:
            raise ValueError(f"device is {device!r}; expected cpu, cuda or cuda:N")
        if population_size < 2 or population_size % 2:
            raise ValueError(
                f"population_size is {population_size}; "
                "members come in mirrored pairs, so it must be even and at least 2"
            )
        if survivor_count is not None and not 2 <= survivor_count <= population_size:
            raise ValueError(
                f"survivor_count is {survivor_count}; it must be 2 to population_size = {population_size}, or null"
            )
        self.population_size: Final = population_size
        self.max_generations: Final = max_generations
        self._settings: Final[dict[str, Any]] = {
            "seed": seed,
            "population_size": population_size,
            "sigma": sigma,
            "sigma_final": sigma_final,
            "rank": rank,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "learning_rate_final": learning_rate_final,
            "schedule": schedule,
            "beta1": beta1,
            "beta2": beta2,
            "max_generations": max_generations,
            "precision": precision if lattice else None,
            "error_feedback": error_feedback,
            "harmonize_strength": harmonize_strength,
            "pull_strength": pull_strength,
            "attractor_capacity": attractor_capacity,
            "attractor_decay_rate": attractor_decay_rate,
            "attractor_quantile": attractor_quantile,
            "lambda_syntony": Q_DEFICIT if lambda_syntony is None else lambda_syntony,
            "survivor_count": survivor_count,
            "elitist": elitist,
            "dtype": dtype,
            "threads": threads,
            "device": device,
        }
        self._device: Final = device
        self._rank: Final = rank
        self._dtype: Final = dtype
        self._archonic_window: Final = archonic_window
        self._syntonies: deque[float] = deque(maxlen=archonic_window)
        self._is_archonic = False
        self._engine: Evolution | None = None
        self._engine_of: Module | None = None

    @property
    def evaluations(self) -> int:
        """Members evaluated so far."""
        return self._engine.evaluations if self._engine else 0

    def run(self, model: Module, benchmark: Task) -> Iterator[GenerationRecord]:
        """Trains `model` in place up to generation `max_generations` and yields a record of each generation.

        The model and the benchmark are traced once, at the start; each generation is then one call into the core. A
        run that is left early keeps the state of its last finished generation, from which another `run` goes on.
        """
        engine = self._engine_for(model)
        names: list[str] = []
        objective: Objective | None = None
        ahead: tuple[int, tuple[Tensor, Tensor]] | None = None
        while engine.generation < self.max_generations:
            start = time.perf_counter()
            generation = engine.generation
            batch = ahead[1] if ahead and ahead[0] == generation else benchmark.batch(generation)
            if objective is None:
                objective, names = trace(model, benchmark, *batch)
            # A GPU has begun with this generation when the last one ended, and begins with the next when this one does.
            is_ahead = self._device != "cpu" and generation + 1 < self.max_generations
            ahead = (generation + 1, benchmark.batch(generation + 1)) if is_ahead else None
            found = engine.step(objective, batch, ahead[1] if ahead else None)
            self._look_for_the_pattern(found.generation, found.syntony)
            yield GenerationRecord(
                generation=found.generation,
                evaluations=found.evaluations,
                best_fitness=found.best_fitness,
                mean_fitness=found.mean_fitness,
                nan_members=found.nan_members,
                loss=found.loss,
                details=dict(zip(names, found.metrics, strict=True)),
                syntony=found.syntony,
                is_archonic=self._is_archonic,
                attractors=found.attractors,
                sigma=found.sigma,
                step_size=found.step_size,
                seconds=time.perf_counter() - start,
                population_size=self.population_size,
            )

    def check(self, model: Module, benchmark: Task) -> None:
        """Checks that members of `model` can be evaluated on the device; nothing is trained.

        Raises:
            ValueError: naming the first operation that a GPU has no rule for.
        """
        if self._device != "cpu":
            objective, _ = trace(model, benchmark, *benchmark.batch(0))
            objective.cuda_source(self.population_size, rank=self._rank, dtype=self._dtype)

    def state_dict(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns all that the next generation depends on: arrays in the form of `safetensors.serialize`, and facts.

        Raises:
            RuntimeError: before the first `run`.
        """
        engine = self._started("state_dict")
        return engine.state(), {
            "generation": engine.generation,
            "evaluations": engine.evaluations,
            "syntonies": list(self._syntonies),
            "is_archonic": self._is_archonic,
        }

    def load_state_dict(self, model: Module, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Puts `model` and the trainer in a saved state; `run` then goes on from it bit for bit.

        Raises:
            ValueError: the state belongs to another model or to other settings, or contradicts itself.
        """
        engine = self._engine_for(model)
        engine.set_state(dict(arrays))
        if engine.generation != meta.get("generation"):
            raise ValueError(f"the state is of generation {engine.generation}, its facts say {meta.get('generation')}")
        self._syntonies = deque(map(float, meta.get("syntonies", [])), maxlen=self._archonic_window)
        self._is_archonic = bool(meta.get("is_archonic", False))

    def shock(self, multiplier: float, duration: int) -> None:
        """Multiplies sigma for the next `duration` generations; the factor falls back to 1 in a straight line.

        Raises:
            RuntimeError: before the first `run`.
            ValueError: a multiplier that is not positive.
        """
        self._started("shock").shock(multiplier, duration)

    def displace(self, magnitude: float, *, golden_scaling: bool = False, unit: bool = False) -> None:
        """Moves the centre by noise of `magnitude` standard deviations of each parameter's values.

        Args:
            magnitude: the size.
            golden_scaling: whether parameter i of n is moved phi^(-i/n) as far.
            unit: whether each parameter's noise is scaled to length 1 as a whole.

        Raises:
            RuntimeError: before the first `run`.
            ValueError: if the centre would not stay finite.
        """
        self._started("displace").displace(magnitude, golden_scaling=golden_scaling, unit=unit)

    def _started(self, what: str) -> Evolution:
        if self._engine is None:
            raise RuntimeError(f"{what} acts on a run that has begun; call run(model, benchmark) first")
        return self._engine

    def _look_for_the_pattern(self, generation: int, syntony: float) -> None:
        """Judges the syntonies every tenth generation; the verdict stands until the next."""
        self._syntonies.append(syntony)
        if generation % ARCHONIC_INTERVAL == 0:
            self._is_archonic = archonic(list(self._syntonies), window=self._archonic_window).is_archonic

    def _engine_for(self, model: Module) -> Evolution:
        """Returns the engine over the model's parameters: a new one for a new model."""
        if self._engine is None or self._engine_of is not model:
            model.prepare()
            self._engine = Evolution([p.data for p in model.parameters()], **self._settings)
            self._engine_of = model
        return self._engine


def trace(model: Module, benchmark: Task, inputs: Tensor, targets: Tensor) -> tuple[Objective, list[str]]:
    """Records model, loss and metrics once for batches of these shapes; returns them and the metrics' names."""
    graph = Graph([p.data for p in model.parameters()])
    x, y = graph.input(inputs.shape), graph.input(targets.shape)
    outputs = model(x)
    # The loss first: members run the program up to it, the centre runs all of it.
    loss = benchmark.loss(outputs, y)
    metrics = benchmark.metrics(outputs, y)
    return graph.objective(loss, list(metrics.values())), list(metrics)
