"""What a sweep can know before its first run: whether classes take their arguments, and what its runs report."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from syntonic.core import registry
from syntonic.core.registry import Kind
from syntonic.nn.training.callbacks import Target
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run import probe
from syntonic.runners.run.build import build, make
from syntonic.runners.sweep.settings import Settings

_MOST: Final = 100  # models that are built; the rest are found out by their runs
_ALWAYS: Final = "test_loss"  # which every benchmark of the package reports


def faults(configs: Sequence[RunConfig], settings: Settings) -> list[str]:
    """Returns what would keep every run of these configs from a result; writes nothing.

    A point that its class refuses does not stop the others.

    Args:
        configs: of runs that may be started.
        settings: of their sweep.
    """
    check = _Check()
    found = [check.faults(config) for config in configs]
    good = next((config for config, wrong in zip(configs, found, strict=True) if not wrong), None)
    if good is None:
        return list(dict.fromkeys(fault for wrong in found for fault in wrong))
    return [*_of_generation(good, settings.prune), *_of_evaluation(good, settings.chosen)]


class _Check:
    # Builds each class with each set of arguments once, and each model with each benchmark.

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._models = 0

    def faults(self, config: RunConfig) -> list[str]:
        others: list[tuple[Kind, Mapping[str, Any], tuple[object, ...]]] = [
            ("trainer", config.trainer, (config.seed, config.device)),
            ("tracking", config.tracking, ()),
        ]
        found: list[str] = []
        for kind, section, given in others:
            found += self._once((kind, section), lambda: make(kind, dict(section), *given))  # noqa: B023 (called at once)
        return found or [
            *self._once(("model", config.model, config.benchmark, config.callbacks), lambda: _build(config))
        ]

    def _once(self, what: tuple[object, ...], action: Callable[[], object]) -> tuple[str, ...]:
        key = json.dumps(what, sort_keys=True)
        if key not in self._known:
            self._known[key] = ()
            self._models += what[0] == "model"
            if what[0] != "model" or self._models <= _MOST:
                self._known[key] = _refusal(action)
        return self._known[key]


def _build(config: RunConfig) -> None:
    probe.refuse_unknown_metrics(config, build(config))


def _refusal(action: Callable[[], object]) -> tuple[str, ...]:
    try:
        action()
    except RequestError as error:
        return tuple(error.faults)
    except Exception:  # whatever a class of the user's raises: its run fails, and says where
        return ()
    return ()


def _of_generation(config: RunConfig, metric: str | None) -> list[str]:
    known = probe.of_generation(config) if metric is not None else []
    return probe.missing(f"sweep.prune={metric}", str(metric), known, "the trainer reports") if known else []


def _of_evaluation(config: RunConfig, metric: str) -> list[str]:
    is_ours = registry.lookup("benchmark", config.benchmark["name"]).__module__.startswith("syntonic.")
    if is_ours and metric == _ALWAYS:
        return []
    with suppress(Exception):
        parts = probe.small(config)
        if metric == getattr(parts.benchmark, "compared_by", None):
            return []
        validated = (name.replace("val_", "validation_", 1) for name in getattr(parts.benchmark, "validated", ()))
        if metric in validated:
            return []  # without a look at the test data
        known = [*parts.benchmark.evaluate(parts.model), *_of_callbacks(config)]
        return probe.missing(f"sweep.metric={metric}", metric, known, "the results are")
    return []


def _of_callbacks(config: RunConfig) -> list[str]:
    # What callbacks may add to the results, those included that every run has.
    watchers = [Target(), *(make("callback", entry) for entry in config.callbacks.values())]
    return [name for watcher in watchers for name in getattr(watcher, "reports", tuple)()]
