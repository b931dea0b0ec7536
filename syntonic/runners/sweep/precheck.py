"""What a sweep can know before its first run: whether classes take their arguments, and what its runs report."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from syntonic.core import registry
from syntonic.core.registry import Kind
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run.build import Parts, build, make
from syntonic.runners.sweep.settings import Settings

_MOST: Final = 100  # models that are built; the rest are found out by their runs
_SMALL: Final = (2, 4)  # members of a generation that is only to say what it reports
_ALWAYS: Final = "test_loss"  # which every benchmark of the package reports


def faults(configs: Sequence[RunConfig], settings: Settings) -> list[str]:
    """Returns what would keep runs of these configs from a result; writes nothing.

    Args:
        configs: of runs that may be started.
        settings: of their sweep.
    """
    found: list[str] = []
    for action in _parts(configs):
        try:
            action()
        except RequestError as error:
            found += error.faults
        except Exception:  # whatever a class of the user's raises: its run fails, and says where
            continue
    if not found and configs:
        found += [*_of_generation(configs[0], settings.prune), *_of_evaluation(configs[0], settings.metric)]
    return list(dict.fromkeys(found))


def _parts(configs: Sequence[RunConfig]) -> Iterator[Callable[[], object]]:
    # Each class with each set of arguments once, and each model with each benchmark.
    seen: set[str] = set()

    def is_new(*parts: object) -> bool:
        before = len(seen)
        seen.add(json.dumps(parts, sort_keys=True))
        return len(seen) > before

    models = 0
    for config in configs:
        if models < _MOST and is_new("model", config.model, config.benchmark):
            models += 1
            yield lambda config=config: build(config)  # type: ignore[misc]
        others: list[tuple[Kind, Mapping[str, Any], tuple[object, ...]]] = [
            ("trainer", config.trainer, (config.seed, config.device)),
            ("tracking", config.tracking, ()),
            *(("callback", entry, ()) for entry in config.callbacks.values()),
        ]
        for kind, section, given in others:
            if is_new(kind, section):
                yield lambda kind=kind, section=section, given=given: make(kind, section, *given)  # type: ignore[misc]


def _of_generation(config: RunConfig, metric: str | None) -> list[str]:
    if metric is None:
        return []
    for members in _SMALL:
        with suppress(Exception):  # it says nothing then, and nothing is refused
            small = {**config.trainer, **({"population_size": members} if "population_size" in config.trainer else {})}
            parts = _built(replace(config, trainer=small))
            known = list(next(iter(parts.trainer.run(parts.model, parts.benchmark))).metrics())
            return _missing("sweep.prune", metric, known, "the trainer reports")
    return []


def _of_evaluation(config: RunConfig, metric: str) -> list[str]:
    is_ours = registry.lookup("benchmark", config.benchmark["name"]).__module__.startswith("syntonic.")
    if is_ours and metric == _ALWAYS:
        return []
    with suppress(Exception):
        parts = _built(config)
        known = list(parts.benchmark.evaluate(parts.model))
        return _missing("sweep.metric", metric, known, "the results are")
    return []


def _built(config: RunConfig) -> Parts:
    return build(replace(config, device="cpu", tracking={"name": "none"}, callbacks={}))


def _missing(key: str, metric: str, known: Sequence[str], told: str) -> list[str]:
    if metric in known:
        return []
    return [f"{key}={metric}: there is no such metric{did_you_mean(metric, known)}; {told} {', '.join(known)}"]
