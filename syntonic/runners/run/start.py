"""Starts one run, or goes on with one, and sees it to its end."""

import time
from collections.abc import Mapping, Sequence

from rich.console import Console

from syntonic.nn.training.callbacks import Callback
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run import resume, summary
from syntonic.runners.run.build import build, prepared
from syntonic.runners.run.folder import RunFolder
from syntonic.runners.run.train import train
from syntonic.tracking.base import Status


def start(
    config: RunConfig,
    config_name: str,
    overrides: Sequence[str],
    console: Console,
    *,
    sweep: dict[str, str] | None = None,
    watchers: Mapping[str, Callback] | None = None,
) -> summary.Outcome:
    """Builds the parts, takes a folder, trains, and prints the summary.

    Args:
        config: of the run, checked.
        config_name: the sentence that it was composed from.
        overrides: what was typed besides; both are kept, so that a resumed run can be compared.
        console: where progress goes.
        sweep: the sweep that the run is a point of, as `RunFacts` has it.
        watchers: callbacks besides those of the config, by name; they are no property of the run.

    Raises:
        RequestError: if the parts refuse the config, or the folder cannot be written.
    """
    with prepared(config) as tracker:
        parts = build(config, tracker)
        parts.callbacks.update(watchers or {})
        folder = RunFolder.create(config.name, config.plain(), config_name, list(overrides), sweep)
        try:
            announce(console, config, folder)
            outcome = train(config, parts, folder, console)
        finally:
            folder.release()
    summary.show(console, outcome)
    return outcome


def go_on(
    folder: RunFolder, config: RunConfig, console: Console, watchers: Mapping[str, Callback] | None = None
) -> summary.Outcome:
    """Takes the folder of an interrupted run, trains the rest, and prints the summary.

    Args:
        folder: of the run.
        config: of the run, checked.
        console: where progress goes.
        watchers: as in `start`.

    Raises:
        RequestError: if the run is still going, or its checkpoint cannot be used.
    """
    folder.take()
    try:
        found = resume.state(folder)
        with prepared(config) as tracker:
            parts = build(config, tracker)
            parts.callbacks.update(watchers or {})
            if found is not None:
                resume.restore(parts, found)
            folder.update(status=Status.RUNNING, started=time.time())
            announce(console, config, folder, found.generation if found else 0)
            outcome = train(config, parts, folder, console, checkpoint=found, resumed=True)
    finally:
        folder.release()
    summary.show(console, outcome)
    return outcome


def announce(console: Console, config: RunConfig, folder: RunFolder, after: int | None = None) -> None:
    """Prints what is about to run; `after` is the generation that a resumed run goes on from."""
    parts = " / ".join(section["name"] for section in (config.model, config.benchmark, config.trainer))
    went = "" if after is None else f", goes on after generation {after}"
    console.print(f"{config.name}: {parts}, seed {config.seed}, {config.device}{went}", markup=False, soft_wrap=True)
    console.print(f"run {folder.facts.id} in {folder.path}", markup=False, soft_wrap=True)
