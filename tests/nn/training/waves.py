"""A small regression, a model and a trainer for it, and what training leaves in the model."""

import math
from collections.abc import Mapping

from syntonic._core import Tensor, sample_rows
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Dropout, Module, Sequential
from syntonic.sn import functional as F

POPULATION = 86  # pairs that fill no whole group of sixteen


class Waves:
    """sin(3 x) + y on sixteen points of a generation's own."""

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        rows = sample_rows(7, generation, 1000, 32)
        points = [(a / 500 - 1, b / 500 - 1) for a, b in zip(rows[::2], rows[1::2], strict=True)]
        return Tensor([list(p) for p in points]), Tensor([[math.sin(3 * x) + y] for x, y in points])

    def loss(self, outputs, targets):
        return F.mse_loss(outputs, targets)

    def metrics(self, outputs, targets) -> Mapping:
        return {"error": F.mse_loss(outputs, targets)}


def model(*, dropout: float = 0.0) -> Module:
    made: Module = MLP(Task((2,), (1,)), hidden=(12, 9), activation="tanh")
    if dropout:
        made = Sequential(MLP(Task((2,), (9,)), hidden=(12,)), Dropout(dropout), MLP(Task((9,), (1,)), hidden=()))
    made.initialize(3)
    return made


def trainer(**settings) -> RetrocausalTrainer:
    given = {"population_size": POPULATION, "max_generations": 8, "threads": 1, **settings}
    return RetrocausalTrainer(5, "cpu", **given)


def bits(trained: Module) -> list[bytes]:
    return [bytes(parameter.save()["data"]) for parameter in trained.parameters()]


def train(generations: int | None = None, *, dropout: float = 0.0, **settings) -> list[bytes]:
    trained = model(dropout=dropout)
    for record in trainer(**settings).run(trained, Waves()):
        if record.generation == generations:
            break
    return bits(trained)
