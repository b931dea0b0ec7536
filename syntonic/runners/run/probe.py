"""What a run will report, known before anything is written: a name that nothing reports is refused, not waited for."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run import validation
from syntonic.runners.run.build import Parts, build

_SMALL: Final = (2, 4)  # members of a generation that is only to say what it reports


def small(config: RunConfig) -> Parts:
    """Builds benchmark, model and trainer of a config on the CPU, without tracking and callbacks."""
    return build(replace(config, device="cpu", tracking={"name": "none"}, callbacks={}))


def of_generation(config: RunConfig, parts: Parts | None = None) -> list[str]:
    """Returns the names of what a trainer reports of each generation; none if that cannot be known beforehand.

    Args:
        config: of the run.
        parts: of the run, if they are there already.
    """
    with suppress(Exception):  # it says nothing then, and nothing is refused
        there = parts or small(config)
        if hasattr(there.trainer, "reports"):  # a trainer from elsewhere need not
            names = there.trainer.reports(there.model, there.benchmark)
            return [*names, *validation.reported(config, there.benchmark)]
    for members in _SMALL:
        with suppress(Exception):
            few = {**config.trainer, **({"population_size": members} if "population_size" in config.trainer else {})}
            trial = small(replace(config, trainer=few))
            first = next(iter(trial.trainer.run(trial.model, trial.benchmark)))
            return [*first.metrics(), *validation.reported(config, trial.benchmark)]
    return []


def refuse_unknown_metrics(config: RunConfig, parts: Parts) -> None:
    """Does nothing unless a callback of the config watches a metric that the trainer does not report.

    Raises:
        RequestError: naming each of them.
    """
    if faults := list(_unknown(config, parts)):
        raise RequestError(faults)


def _unknown(config: RunConfig, parts: Parts) -> Iterator[str]:
    watched = {key: getattr(parts.callbacks[key], "watches", ()) for key in config.callbacks}
    if not any(watched.values()):
        return
    if known := of_generation(config, parts):
        for key, metrics in watched.items():
            for metric in metrics:
                chosen = config.callbacks[key].get("metric") == metric
                where = f"callbacks.{key}.metric={metric}" if chosen else f"callbacks.{key} watches {metric}"
                yield from missing(where, metric, known, "the trainer reports")


def missing(where: str, metric: str, known: Sequence[str], told: str) -> list[str]:
    """Returns what is wrong with a metric, nothing if it is known.

    Args:
        where: what names it.
        metric: its name.
        known: the names that there are.
        told: what is said of them.
    """
    if metric in known:
        return []
    near = did_you_mean(metric, known).partition("; known")[0]
    listed = ", ".join(name for name in known if not name.startswith("signal/"))
    return [f"{where}: there is no such metric{near}; {told} {listed}"]
