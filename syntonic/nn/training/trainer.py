"""RetrocausalTrainer: a population-based evolution strategy on the golden lattice.

One generation: differentiate (members = centre + sigma * noise), evaluate, recurse (centred ranks to a step),
harmonize (damp high modes), pull towards remembered good states, crystallize. Without the pull it is the resonant
evolution strategy (RES), without lattice and harmonization as well an ordinary evolution strategy: Salimans et al.,
arXiv 1703.03864; noise of low rank: Sarkar et al., arXiv 2511.16652.
"""

import inspect
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from syntonic._core import Evolution, Interrupted, Objective, Record, Tensor, trainer_bytes, trainer_config
from syntonic.core.archonic import archonic
from syntonic.core.registry import register
from syntonic.nn.training.judged import Judging, generations
from syntonic.nn.training.memory import memory
from syntonic.nn.training.of_data import CalledWithData
from syntonic.nn.training.record import SIGNAL, GenerationRecord, names_of_metrics
from syntonic.nn.training.settings import Description, described, document, refuse_unknown, signature
from syntonic.nn.training.task import Task as Task
from syntonic.nn.training.task import trace as trace
from syntonic.sn import Module, Parameter

ARCHONIC_INTERVAL: Final = 10
Members = list[list[float]]


@register("trainer", "retrocausal")
class RetrocausalTrainer(CalledWithData):
    """Trains a model by evolution; `run` yields one record for each generation. See `of_data` for a call with data.

    Args:
        seed: of all random numbers, 0 to 2^32 - 1.
        device: where members are evaluated: "cpu", "cuda" or "cuda:N". A GPU draws the noise of the CPU; what follows
            from the direction stays with the CPU.
        settings: keyword arguments, listed below with their defaults in the signature.

    Raises:
        ValueError: an argument out of its range, or two that do not go together.

    `run` raises DeviceUnavailable if the device cannot be used, and ValueError if two members do not fit its memory.
    """

    strategy: ClassVar[str] = "retrocausal"
    """The core's name of the strategy."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Shows of each strategy the settings that it has: the core's, and keyword arguments of its own `__init__`."""
        super().__init_subclass__(**kwargs)
        _show(cls)

    @classmethod
    def described(cls) -> list[Description]:
        """Returns the descriptions of the settings that the core knows, with this strategy's defaults."""
        return described(cls.strategy)

    def __init__(self, seed: int, device: str = "cpu", **settings: object) -> None:
        if re.fullmatch(r"cpu|cuda(:\d+)?", device) is None:
            raise ValueError(f"device is {device!r}; expected cpu, cuda or cuda:N")
        refuse_unknown(settings, self.described())
        self._settings: Final[dict[str, Any]] = trainer_config(self.strategy, seed=seed, **settings)
        self.population_size: Final[int] = self._settings["population_size"]
        self.max_generations: Final[int] = self._settings["max_generations"]
        self._device: Final = device
        self._syntonies: deque[float] = deque(maxlen=self._settings["archonic_window"])
        self._is_archonic = False
        self._engine: Evolution | None = None
        self._engine_of: Module | None = None
        self._asked: tuple[int, float, Members] | None = None
        self.should_stop: Callable[[], bool] | None = None
        """Asked while members are evaluated: True ends `run` within a generation, whose beginning is forgotten. It must
        be quick, and must not use the trainer."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every setting with its value."""
        return self._settings

    @property
    def evaluations(self) -> int:
        """Members evaluated so far."""
        return self._engine.evaluations if self._engine else 0

    @property
    def generation(self) -> int:
        """Generations done so far."""
        return self._engine.generation if self._engine else 0

    def run(self, model: Module, benchmark: Task | Judging) -> Iterator[GenerationRecord]:
        """Trains `model` in place up to generation `max_generations` and yields a record of each generation.

        The model and the benchmark are traced once, at the start; each generation is then one call into the core. A
        run that is left early keeps the state of its last finished generation, from which another `run` goes on.
        """
        if isinstance(benchmark, Judging):
            yield from generations(self, model, benchmark)
            return
        engine = self._engine_for(model)
        engine.set_interrupt(self.should_stop)
        names: list[str] = []
        objective: Objective | None = None
        ahead: tuple[int, tuple[Tensor, Tensor]] | None = None
        stop = self.should_stop
        # The engine asks between its own members alone: where other threads take them all, only this asks.
        while engine.generation < self.max_generations and not (stop and stop()):
            start = time.perf_counter()
            generation = engine.generation
            batch = ahead[1] if ahead and ahead[0] == generation else benchmark.batch(generation)
            if objective is None:
                objective, names = self._trace(model, benchmark, batch)
            # A GPU has begun with this generation when the last one ended, and begins with the next when this one does.
            is_ahead = self._device != "cpu" and generation + 1 < self.max_generations
            ahead = (generation + 1, benchmark.batch(generation + 1)) if is_ahead else None
            try:
                found = self._generation(engine, objective, batch, ahead[1] if ahead else None)
            except Interrupted:
                return
            yield self._record(found, names, start)

    def begin(self, model: Module) -> None:
        """Begins to train `model` by `ask` and `tell`, in a loop of one's own."""
        self._engine_for(model)

    def ask(self) -> list[list[Tensor]]:
        """Returns the members of the generation to come: for each, its parameters in the order of `model.parameters()`.

        Raises:
            RuntimeError: before `begin`.
        """
        engine = self._started("ask")
        members, tensors = self._ask(engine)
        self._asked = engine.generation, time.perf_counter(), members
        return tensors

    def place(self, member: Sequence[Tensor]) -> None:
        """Puts a member into the model, so that the model can be judged as that member; `tell` puts the centre back.

        Raises:
            RuntimeError: before `begin`.
            ValueError: parameters of other shapes.
        """
        self._started("place")
        for parameter, values in zip(self._parameters(), member, strict=True):
            parameter.data.set_flux(values)

    def tell(self, fitness: Sequence[float], centre: float | None = None) -> GenerationRecord:
        """Moves the centre by the fitness of the members that `ask` returned, and puts it into the model.

        Args:
            fitness: of each member, in their order; higher is better, NaN counts as worst.
            centre: the fitness of the centre on the same data, by which states are remembered; None takes the members'
                mean. An elitist run needs it.

        Raises:
            RuntimeError: without an `ask` for this generation.
            ValueError: another number of members.
        """
        engine = self._started("tell")
        if self._asked is None or self._asked[0] != engine.generation:
            raise RuntimeError("tell answers an ask for the same generation; call ask() first")
        _, start, members = self._asked
        found = self._tell(engine, members, list(fitness), None if centre is None else [-centre])
        self._asked = None
        return self._record(found, [], start)

    def _generation(
        self,
        engine: Evolution,
        objective: Objective,
        batch: tuple[Tensor, Tensor],
        following: tuple[Tensor, Tensor] | None,
    ) -> Record:
        return engine.step(objective, batch, following)

    def _ask(self, engine: Evolution) -> tuple[Members, list[list[Tensor]]]:
        return [], engine.parameters_of_members()  # which the engine knows by itself when it is told their fitness

    def _tell(self, engine: Evolution, members: Members, fitness: list[float], centre: list[float] | None) -> Record:
        return engine.tell(fitness, centre)

    def _trace(self, model: Module, benchmark: Task, batch: tuple[Tensor, Tensor]) -> tuple[Objective, list[str]]:
        by_example = self._settings["estimator"] == "activations"
        return trace(model, benchmark, *batch, smoothing=self._settings["label_smoothing"], by_example=by_example)

    def _record(self, found: Record, names: list[str], start: float) -> GenerationRecord:
        figures = found.figures()
        self._look_for_the_pattern(figures["generation"], figures["syntony"])
        return GenerationRecord(
            figures,
            details=dict(zip(names, found.metrics, strict=True)) | self._signal(found.signal),
            is_archonic=self._is_archonic,
            seconds=time.perf_counter() - start,
            population_size=round(figures["evaluations"] / figures["generation"]),
        )

    def _signal(self, found: list[tuple[int, float]]) -> dict[str, float]:
        """Returns what was measured of each site's signal, by the name of the site's first parameter."""
        named = self._engine_of.named_parameters() if found and self._engine_of else []
        names = [name for name, _ in named]
        return {f"{SIGNAL}{names[number]}": cosine for number, cosine in found}

    def _parameters(self) -> list[Parameter]:
        return list(self._engine_of.parameters()) if self._engine_of else []

    def check(self, model: Module, benchmark: Task | Judging) -> None:
        """Checks that members of `model` can be evaluated on the device, and fit its memory; nothing is trained.

        Raises:
            ValueError: naming the memory that would be needed, the GPU's if it is used, or what the estimator needs,
                such as a loss for each example.
            DeviceUnavailable: the device cannot be used.
        """
        shapes = [parameter.shape for parameter in model.parameters()]
        need, have = trainer_bytes(shapes, self.strategy, **self._settings), memory()
        if need > have:
            raise ValueError(
                f"population_size={self.population_size} needs about {need / 2**30:,.1f} GiB of memory for this model, "
                f"and there are {have / 2**30:,.1f}: take fewer members, rank=1, or fewer attractors"
            )
        changes = [name for name in ("label_smoothing", "input_noise", "shift") if self._settings[name]]
        if isinstance(benchmark, Judging):
            if self._settings["estimator"] == "activations":
                raise ValueError("a fitness has no loss for each example; take trainer.estimator=weights")
            if changes:
                raise ValueError(f"a fitness has no batches that {changes[0]} could change; set trainer.{changes[0]}=0")
            if self._device != "cpu":
                raise ValueError(f"device is {self._device}; a fitness is asked for on the cpu")
        elif self._settings["estimator"] == "activations" or changes or self._device != "cpu":
            objective, _ = self._trace(model, benchmark, benchmark.batch(0))
            self._engine_for(model).check(objective)

    def reports(self, model: Module, benchmark: Task | Judging) -> list[str]:
        """Returns the names of the metrics that a record may have; nothing is trained."""
        if isinstance(benchmark, Judging):
            return names_of_metrics([])
        _, details = self._trace(model, benchmark, benchmark.batch(0))
        return names_of_metrics([*details, *(f"{SIGNAL}{name}" for name, _ in model.named_parameters())])

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
        self._syntonies = deque(map(float, meta.get("syntonies", [])), maxlen=self._syntonies.maxlen)
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
            raise RuntimeError(f"{what} acts on a run that has begun; call run(model, benchmark) or begin(model) first")
        return self._engine

    def _look_for_the_pattern(self, generation: float, syntony: float) -> None:
        """Judges the syntonies every tenth generation; the verdict stands until the next."""
        self._syntonies.append(syntony)
        if generation % ARCHONIC_INTERVAL == 0:
            self._is_archonic = archonic(list(self._syntonies), window=self._settings["archonic_window"]).is_archonic

    def _engine_for(self, model: Module) -> Evolution:
        """Returns the engine over the model's parameters: a new one for a new model."""
        if self._engine is None or self._engine_of is not model:
            model.prepare()
            self._engine = Evolution(
                [p.data for p in model.parameters()], device=self._device, strategy=self.strategy, **self._settings
            )
            self._engine_of = model
        return self._engine


def _show(cls: type[RetrocausalTrainer]) -> None:
    # The core describes each setting; what Python shows of a class is made from that.
    own = inspect.signature(cls.__init__, eval_str=True).parameters.values()
    cls.__signature__ = signature(cls.described(), own)  # type: ignore[attr-defined]
    cls.__doc__ = f"{cls.__doc__}\n    Settings:\n{document(cls.described())}\n"


_show(RetrocausalTrainer)
