"""Builds what a config names: benchmark, model, trainer, tracker, callbacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from syntonic.benchmarks.order import order
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.sight import check_order
from syntonic.nn.training.callbacks import Callback
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run import initial
from syntonic.tracking.base import Tracker
from syntonic.tracking.guard import Guarded
from syntonic.tracking.writer_process import dismiss_ahead


@dataclass(frozen=True)
class Parts:
    """Everything that a run needs, ready to start.

    Attributes:
        callbacks: by the name that the config gives them.
    """

    benchmark: Any
    model: Any
    trainer: Any
    tracker: Tracker
    callbacks: dict[str, Callback]


@contextmanager
def prepared(config: RunConfig) -> Iterator[Tracker]:
    """Yields the run's tracker, which gets ready while the other parts are built.

    Raises:
        RequestError: if its class refuses its arguments.
    """
    tracker = make("tracking", config.tracking)
    guarded = Guarded(tracker)
    guarded.prepare()
    dismiss_ahead()  # what was started for a tracker that the config has not
    try:
        yield tracker
    finally:
        guarded.dismiss()


def build(config: RunConfig, tracker: Tracker | None = None) -> Parts:
    """Builds the parts of a run; writes nothing.

    Args:
        config: of the run, checked.
        tracker: one that is there already.

    Raises:
        RequestError: if a class refuses its arguments, which is how it checks one against another, if the model sees
            the answers or cannot see what they need, if the device cannot evaluate the model, or if
            memory cannot hold the run.
    """
    benchmark = make("benchmark", config.benchmark, config.seed)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary, order(benchmark))
    model = make("model", config.model, task)
    if task.order != "free":
        try:
            check_order(make("model", config.model, task), task)
        except ValueError as error:
            pair = f"model {config.model['name']!r} with benchmark {config.benchmark['name']!r}"
            raise RequestError([f"{pair}: {error}"]) from error
    model.initialize(config.seed)
    if config.init_from is not None:
        initial.take(model, config.init_from)
    trainer = make("trainer", config.trainer, config.seed, config.device)
    if hasattr(trainer, "check"):  # a trainer from elsewhere need not
        try:
            trainer.check(model, benchmark)
        except ValueError as error:
            raise RequestError([str(error)]) from error
    tracker = tracker or make("tracking", config.tracking)
    callbacks = {key: make("callback", entry) for key, entry in config.callbacks.items()}
    return Parts(benchmark, model, trainer, tracker, callbacks)


def make(kind: registry.Kind, entry: dict[str, Any], *given: object) -> Any:  # noqa: ANN401 (what it is depends on the name)
    """Builds what one section of a config names.

    Raises:
        RequestError: if the class refuses its arguments.
    """
    arguments = {key: value for key, value in entry.items() if key != "name"}
    try:
        return registry.lookup(kind, entry["name"])(*given, **arguments)
    except ValueError as error:
        raise RequestError([f"{kind} {entry['name']!r}: {error}"]) from error
