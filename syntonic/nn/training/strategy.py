"""A strategy of one's own in Python: it says where members lie and which way to go, and the engine does the rest."""

import itertools
import math
import random
from abc import abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntonic._core import Evolution, Objective, Record, Tensor
from syntonic.nn.training.settings import Description
from syntonic.nn.training.trainer import Members as Members
from syntonic.nn.training.trainer import RetrocausalTrainer
from syntonic.sn import Module

_FIXED: Final[dict[str, Any]] = {"lambda_syntony": 0.0, "survivor_count": None, "elitist": False, "rank": None}
"""What a strategy decides itself: whoever wants one of these writes it into `sample` or `direction`."""


class Strategy(RetrocausalTrainer):
    """A trainer whose strategy is two methods: `sample` and `direction`.

    The engine evaluates the members and takes the direction to the optimizer of the config, then harmonizes, pulls
    and crystallizes as for every strategy; `optimizer=momentum, beta1=0, learning_rate=1` takes the direction as it is.
    Register the class with `@register("trainer", name)` and a config may name it; keyword arguments of its `__init__`
    are settings.

    What it keeps from one generation to the next belongs into `kept`, lists of numbers by name: checkpoints hold them.
    With randomness from `random` alone a resumed run has the bits of the whole.
    """

    def __init__(self, seed: int, device: str = "cpu", **settings: object) -> None:
        super().__init__(seed, device, **{**_FIXED, **settings})
        for name, value in _FIXED.items():
            if self._settings[name] != value:
                raise ValueError(
                    f"{name} is {self._settings[name]}; {type(self).__name__} has no use for it: leave it out"
                )
        self.kept: dict[str, list[float]] = {}

    @classmethod
    def described(cls) -> list[Description]:
        """Returns the descriptions of the settings that the core knows, with the defaults of a strategy in Python."""
        return [
            {**setting, "default": _FIXED.get(setting["name"], setting["default"])} for setting in super().described()
        ]

    @abstractmethod
    def sample(self, centre: list[float], random: random.Random) -> Members:
        """Returns `population_size` members, each as many weights as the centre."""

    @abstractmethod
    def direction(self, centre: list[float], members: Members, fitness: Sequence[float]) -> list[float]:
        """Returns which way the centre is to go. Higher fitness is better; what was NaN is minus infinity."""

    def state_dict(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns all that the next generation depends on, `kept` included."""
        arrays, meta = super().state_dict()
        return arrays, {**meta, "kept": {name: list(values) for name, values in self.kept.items()}}

    def load_state_dict(self, model: Module, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Puts `model` and the trainer in a saved state."""
        super().load_state_dict(model, arrays, meta)
        self.kept = {name: list(map(float, values)) for name, values in meta.get("kept", {}).items()}

    def _generation(
        self,
        engine: Evolution,
        objective: Objective,
        batch: tuple[Tensor, Tensor],
        following: tuple[Tensor, Tensor] | None,
    ) -> Record:
        members = self._members(engine)
        fitness = [-loss for loss in engine.losses_of(objective, batch, members)]
        return self._tell(engine, members, fitness, engine.centre(objective, batch))

    def _ask(self, engine: Evolution) -> tuple[Members, list[list[Tensor]]]:
        members, shapes = self._members(engine), [parameter.shape for parameter in self._parameters()]
        return members, [_tensors(member, shapes) for member in members]

    def _members(self, engine: Evolution) -> Members:
        members = self.sample(engine.weights(), random.Random(f"{self._settings['seed']}/{engine.generation}"))
        if len(members) != self.population_size:
            raise ValueError(f"sample returned {len(members)} members; population_size is {self.population_size}")
        return members

    def _tell(self, engine: Evolution, members: Members, fitness: list[float], centre: list[float] | None) -> Record:
        if len(fitness) != len(members):
            raise ValueError(f"expected the fitness of each of the {len(members)} members, got {len(fitness)}")
        before, worst = dict(self.kept), float("-inf")
        try:
            direction = self.direction(engine.weights(), members, [worst if x != x else x for x in fitness])
            return engine.follow(direction, fitness, centre)
        except BaseException:
            self.kept = before
            raise


def _tensors(member: Sequence[float], shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    values = memoryview(array("d", member))  # of which each tensor takes its part at once
    ends = list(itertools.accumulate(map(math.prod, shapes), initial=0))
    return [
        Tensor(values[a:b], shape, "float64") for (a, b), shape in zip(itertools.pairwise(ends), shapes, strict=True)
    ]
