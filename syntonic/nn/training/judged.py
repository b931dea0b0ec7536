"""Generations whose members are judged by something else than the loss of a batch: a function, a simulator."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from syntonic._core import Tensor
from syntonic.nn.training.record import GenerationRecord
from syntonic.sn import Module


@runtime_checkable
class Judging(Protocol):
    """A benchmark that judges members by itself."""

    def judge(
        self,
        generation: int,
        members: Sequence[Sequence[Tensor]],
        model: Module,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[float] | None:
        """Returns the fitness of each member, NaN of bad ones; None if a wish to stop came first.

        A member is its parameters in the order of the model's. Who puts members into the model puts the last one, the
        centre, there at the end.
        """
        ...


class Asking(Protocol):
    """A trainer, as far as it is driven from outside."""

    should_stop: Callable[[], bool] | None

    @property
    def max_generations(self) -> int:
        """The last generation."""
        ...

    @property
    def generation(self) -> int:
        """Generations done."""
        ...

    def begin(self, model: Module) -> None:
        """Begins to train `model`."""
        ...

    def ask(self) -> list[list[Tensor]]:
        """Returns the members of the generation to come."""
        ...

    def tell(self, fitness: Sequence[float], centre: float | None = None) -> GenerationRecord:
        """Moves the centre by the members' fitness."""
        ...


def generations(trainer: Asking, model: Module, benchmark: Judging) -> Iterator[GenerationRecord]:
    """Trains `model` up to the last generation; the centre is judged with its members, and is the last of them."""
    trainer.begin(model)
    stop = trainer.should_stop
    while trainer.generation < trainer.max_generations and not (stop and stop()):
        members = trainer.ask()
        centre = [parameter.data.to_tensor("float64") for parameter in model.parameters()]
        fitness = benchmark.judge(trainer.generation, [*members, centre], model, stop)
        if fitness is None:
            return
        own = fitness.pop()
        yield trainer.tell(fitness, own if math.isfinite(own) else None)
