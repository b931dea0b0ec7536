"""`RetrocausalTrainer(model, data)`: the trainer of runs with a model and its data, as the documents call it."""

import inspect
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.classic.nn.config import RESTrainingConfig
from syntonic.classic.nn.data_task import DataTask, Loss
from syntonic.classic.nn.protocol import Held, Weighted
from syntonic.classic.nn.visualization import SyntonyViz
from syntonic.nn.training import ArchonicEarlyStop, GenerationRecord, Request, RetrocausalTrainer
from syntonic.nn.training.metrics import layer_syntonies
from syntonic.sn import Module


@dataclass(frozen=True)
class TrainingResult:
    """What a training has found; `result["final_loss"]` is the same as `result.final_loss`.

    Attributes:
        final_syntony: S of the trained model.
        final_loss: on the training data, without syntony and phase.
        generations: that were run.
        elapsed_time: in seconds.
        weight_results: S of each parameter, by its name.
        syntony_history: S of the centre after each generation.
        loss_history: loss of the centre on each generation's batch, before the step.
        validation_history: loss on the validation data, every `eval_interval` generations.
        is_archonic: whether syntony went up and down and got nowhere.
        stopped: whether the training ended before `max_generations`.
    """

    final_syntony: float
    final_loss: float
    generations: int
    elapsed_time: float
    weight_results: dict[str, float]
    syntony_history: list[float]
    loss_history: list[float]
    validation_history: list[float]
    is_archonic: bool
    stopped: bool

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 (one of the above)
        if name not in self.keys():
            raise KeyError(f"a result has no {name!r}; it has {', '.join(self.keys())}")
        return getattr(self, name)

    def keys(self) -> list[str]:
        """Returns the names, so that `dict(result)` is a mapping of all."""
        return [part.name for part in fields(self)]


class DataTrainer(RetrocausalTrainer):
    """The trainer of runs, with a model and its data; `train()` trains the model in place.

    A callback is one of `syntonic.nn.training`, or any object with some of `on_train_begin(trainer)`,
    `on_generation_begin(trainer, generation)`, `on_generation_end(trainer, generation, metrics)` and
    `on_train_end(trainer)`; one whose `should_stop` is true ends the training.

    Args:
        model: what is trained: a module, or any object with `forward`, `get_weights` and `set_weights`.
        train_data: (inputs, targets), or a list of pairs; see `DataTask`.
        val_data: the same, for a loss that is only watched.
        config: the settings.
        loss_fn: of outputs and targets, made of operations of a forward pass; None: the mean squared error.
        callbacks: asked after each generation, in this order.

    Raises:
        ValueError: settings or data that do not fit.
    """

    def __init__(
        self,
        model: Module | Weighted,
        train_data: Any,  # noqa: ANN401 (see above)
        val_data: Any = None,  # noqa: ANN401 (see above)
        config: RESTrainingConfig | None = None,
        loss_fn: Loss | None = None,
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self.config: Final = config or RESTrainingConfig()
        super().__init__(self.config.seed, self.config.device, **self.config.settings())
        self.model: Final = model if isinstance(model, Module) else Held(model)
        self.task: Final = DataTask(
            train_data,
            loss_fn,
            batch_size=self.config.batch_size,
            seed=self.config.seed,
            mu_phase=self.config.mu_phase,
        )
        self._validation: Final = None if val_data is None else DataTask(val_data, loss_fn)
        self.callbacks: Final = list(callbacks or [])
        self.viz: Final = SyntonyViz(self.model, target=self.config.syntony_target) if self.config.enable_viz else None
        watch = ArchonicEarlyStop(target=self.config.syntony_target)
        self._watched: Final = [*self.callbacks, watch] if self.config.use_archonic_detection else self.callbacks
        self.syntony_history: list[float] = []
        self.loss_history: list[float] = []
        self.validation_history: list[float] = []

    def train(self, verbose: bool = False) -> TrainingResult:
        """Trains up to `max_generations`; another call goes on where the last one stopped.

        Args:
            verbose: whether a line is printed every `log_interval` generations.
        """
        start = time.perf_counter()
        self._tell_all("on_train_begin")
        record: GenerationRecord | None = None
        is_wished = False
        for record in self._announced(self._records()):
            self._keep(record, verbose)
            if is_wished := self._ends(record):
                break
        self._tell_all("on_train_end")
        return TrainingResult(
            final_syntony=self.syntony_history[-1] if self.syntony_history else math.nan,
            final_loss=self.loss_of(self.task),
            generations=self.generation,
            elapsed_time=time.perf_counter() - start,
            weight_results=layer_syntonies(self.model),
            syntony_history=list(self.syntony_history),
            loss_history=list(self.loss_history),
            validation_history=list(self.validation_history),
            is_archonic=self._is_archonic,
            stopped=is_wished,
        )

    def loss_of(self, task: DataTask) -> float:
        """Returns the loss of the model as it stands, without dropout, on all examples of a task."""
        was_training = self.model.training
        self.model.eval()
        try:
            outputs: Tensor = self.model(task.inputs)
            return task.task_loss(outputs, task.targets).item()
        finally:
            self.model.train(was_training)

    def _records(self) -> Iterator[GenerationRecord]:
        model = self.model
        return model.records(self, self.task) if isinstance(model, Held) else self.run(model, self.task)

    def _announced(self, records: Iterator[GenerationRecord]) -> Iterator[GenerationRecord]:
        while self.generation < self.max_generations:
            self._tell_all("on_generation_begin", self.generation)
            record = next(records, None)
            if record is None:
                return
            yield record

    def _keep(self, record: GenerationRecord, verbose: bool) -> None:
        self.syntony_history.append(record.syntony)
        self.loss_history.append(record.loss)
        if self._validation is not None and self.generation % self.config.eval_interval == 0:
            self.validation_history.append(self.loss_of(self._validation))
        if self.viz is not None:
            self.viz.update(record.syntony)
        if verbose and self.generation % self.config.log_interval == 0:
            print(f"generation {self.generation}: loss {record.loss:.6g}, syntony {record.syntony:.4f}", flush=True)

    def _ends(self, record: GenerationRecord) -> bool:
        """Asks the callbacks, and carries out what they ask for; returns whether the training ends."""
        metrics = record.metrics()
        is_end: bool = record.syntony >= self.config.syntony_threshold
        for callback in self._watched:
            if hasattr(callback, "after"):
                request = callback.after(self.generation, metrics)
                if Request.ESCAPE in request:
                    callback.escape(self)
                is_end |= bool(request & (Request.STOP | Request.ABANDON))
            if hasattr(callback, "on_generation_end"):
                callback.on_generation_end(self, self.generation, metrics)
            is_end |= bool(getattr(callback, "should_stop", False))
        return is_end

    def _tell_all(self, what: str, *facts: object) -> None:
        for callback in self._watched:
            if hasattr(callback, what):
                getattr(callback, what)(self, *facts)


# Shown instead of the settings of a run's trainer, which the config holds.
DataTrainer.__signature__ = inspect.signature(DataTrainer.__init__)  # type: ignore[attr-defined]


def train_with_retrocausal_res(
    model: Module | Weighted,
    data: Any,  # noqa: ANN401 (see DataTask)
    max_generations: int = 500,
    population_size: int = 32,
    pull_strength: float = 0.3,
    *,
    loss_fn: Loss | None = None,
    **others: Any,  # noqa: ANN401 (settings of RESTrainingConfig)
) -> TrainingResult:
    """Trains a model on data and returns what was found; `others` are settings of `RESTrainingConfig`."""
    config = RESTrainingConfig(
        max_generations=max_generations, population_size=population_size, pull_strength=pull_strength, **others
    )
    return DataTrainer(model, data, config=config, loss_fn=loss_fn).train()
