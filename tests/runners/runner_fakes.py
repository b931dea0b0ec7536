"""A model, a benchmark and a trainer that obey the contract of the runner and need no core: plain Python floats.

The trainer is deterministic and forgets nothing between generations that its state does not hold, so that a resumed
run can be compared bit for bit. `seconds` stretches a generation, so that a test can interrupt it; with `slow_until` a
generation takes half a second until a file of that name is in the working folder: time to interrupt a run for sure.
Before the generation `waits_at` it waits for a file `go` there: a run that shall be killed does not end before.
"""

import math
import os
import random
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, MultipleOf

from syntonic.core.registry import register
from syntonic.nn.architectures import Task


@register("model", "fake")
class FakeModel:
    """A list of weights."""

    def __init__(self, task: Task, *, hidden: tuple[Annotated[int, Ge(1)], ...] = (3,)) -> None:
        self.weights = [0.0] * (task.inputs + task.outputs + sum(hidden))

    def initialize(self, seed: int) -> None:
        """Draws the weights."""
        source = random.Random(seed)
        self.weights = [source.gauss(0.0, 1.0) for _ in self.weights]


@register("benchmark", "fake")
class FakeBenchmark:
    """Weights should be one."""

    input_shape = (2,)
    output_shape = (1,)
    vocabulary = None
    dtype = "float64"
    chance: Mapping[str, float] = {"accuracy": 0.5}

    def __init__(self, seed: int, *, fails_in_the_end: bool = False, is_nan: bool = False) -> None:
        self._fails, self._is_nan = fails_in_the_end, is_nan

    def evaluate(self, model: FakeModel) -> dict[str, float]:
        """Returns the centre's numbers."""
        if self._fails:
            raise RuntimeError("the test data are gone")
        error = math.nan if self._is_nan else sum((weight - 1.0) ** 2 for weight in model.weights)
        return {"train_loss": error, "train_accuracy": 1.0, "test_loss": error, "test_accuracy": 0.75}


class FakeRecord:
    """One generation."""

    def __init__(self, generation: int, loss: float) -> None:
        self.generation = generation
        self._loss = loss

    def metrics(self) -> dict[str, float]:
        """Returns the numbers of a generation."""
        return {"loss": self._loss, "accuracy": 1.0 / (1.0 + self._loss), "evaluations_per_second": time.monotonic()}


@register("trainer", "fake")
class FakeTrainer:
    """Walks the weights towards one, with noise that depends on the generation and on what was walked before."""

    def __init__(
        self,
        seed: int,
        device: str,
        *,
        population_size: Annotated[int, Ge(2), MultipleOf(2)] = 8,
        sigma: Annotated[float, Gt(0)] = 0.1,
        optimizer: Literal["adam", "momentum"] = "adam",
        max_generations: Annotated[int, Ge(1)] = 20,
        seconds: Annotated[float, Ge(0)] = 0.0,
        fails_at: Annotated[int, Ge(1)] | None = None,
        dies_at: Annotated[int, Ge(1)] | None = None,
        nan_at: Annotated[int, Ge(1)] | None = None,
        waits_at: Annotated[int, Ge(1)] | None = None,
        slow_until: str | None = None,
        threads: Annotated[int, Ge(1)] | None = None,
        shows_environment: bool = False,
    ) -> None:
        if optimizer == "momentum" and population_size == 2:
            raise ValueError("momentum needs a population_size of at least 4")
        self.evaluations = 0
        self._seed, self._population_size, self._sigma = seed, population_size, sigma
        self._max_generations, self._seconds, self._fails_at = max_generations, seconds, fails_at
        self._dies_at, self._nan_at, self._slow_until, self._waits_at = dies_at, nan_at, slow_until, waits_at
        if shows_environment:
            print(f"place GPU {os.environ.get('CUDA_VISIBLE_DEVICES')} threads {threads}")
        self._generation, self._velocity = 0, 0.0
        self._model = FakeModel(Task((1,), (1,)))

    def run(self, model: FakeModel, benchmark: FakeBenchmark) -> Iterator[FakeRecord]:
        """Yields a record per generation."""
        self._model = model
        while self._generation < self._max_generations:
            if self._generation + 1 == self._fails_at:
                raise RuntimeError("the core is on fire")
            if self._generation + 1 == self._dies_at:
                os._exit(7)
            while self._generation + 1 == self._waits_at and not Path("go").exists():
                time.sleep(0.01)
            is_slow = self._slow_until is not None and not Path(self._slow_until).exists()
            time.sleep(0.5 if is_slow else self._seconds)
            self._generation += 1
            noise = random.Random(f"{self._seed} {self._generation}").gauss(0.0, self._sigma)
            self._velocity = 0.9 * self._velocity + noise
            model.weights = [0.95 * weight + 0.05 + 0.01 * self._velocity for weight in model.weights]
            self.evaluations += self._population_size
            loss = sum((weight - 1.0) ** 2 for weight in model.weights)
            yield FakeRecord(self._generation, math.nan if self._generation == self._nan_at else loss)

    def state_dict(self) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """Returns weights and velocity as arrays, the counters as plain data."""
        weights = self._model.weights
        data = struct.pack(f"<{len(weights)}d", *weights)
        arrays = {
            "weights": {"dtype": "float64", "shape": [len(weights)], "data": data},
            "velocity": {"dtype": "float64", "shape": [], "data": struct.pack("<d", self._velocity)},
        }
        return arrays, {"generation": self._generation, "evaluations": self.evaluations}

    def load_state_dict(self, model: FakeModel, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Takes back what `state_dict` returned."""
        model.weights = list(struct.unpack(f"<{len(model.weights)}d", arrays["weights"]["data"]))
        (self._velocity,) = struct.unpack("<d", arrays["velocity"]["data"])
        self._generation, self.evaluations = meta["generation"], meta["evaluations"]
        self._model = model
