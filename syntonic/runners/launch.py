"""Carries out a request: a run, a sweep, or the rest of an interrupted run."""

import time
from dataclasses import replace

from hydra.core.config_loader import ConfigLoader
from omegaconf import OmegaConf
from rich.console import Console

from syntonic.runners import resume, schema, summary
from syntonic.runners.arguments import Arguments
from syntonic.runners.build import build
from syntonic.runners.compose import Composition, compose
from syntonic.runners.config import RunConfig
from syntonic.runners.faults import RequestError
from syntonic.runners.progress import Output
from syntonic.runners.run_folder import RunFolder
from syntonic.runners.start import announce, start
from syntonic.runners.sweep import sweep
from syntonic.runners.train import train
from syntonic.runners.words import opened, user_folders
from syntonic.tracking.base import Status


def launch(arguments: Arguments) -> int:
    """Carries out what was typed and returns the exit code.

    Raises:
        RequestError: if the request is wrong; nothing was written then.
    """
    console = Output()
    folders = user_folders(arguments.config_dir)
    wanted = next((word.partition("=")[2] for word in arguments.overrides if word.startswith("resume=")), None)
    with opened(folders) as loader:
        for folder in folders:
            console.print(f"words of {folder}/ come before the built-in ones", markup=False)
        if wanted not in (None, "null", ""):
            return _resume(arguments, loader, str(wanted), console)
        name = arguments.config_name or "config"
        composition = compose(loader, name, list(arguments.overrides), multirun=arguments.multirun)
        if composition.points is not None and not composition.faults and not arguments.show_config:
            return sweep(loader, name, list(arguments.overrides), composition.points, console)
        config = _checked(composition)
        if arguments.show_config:
            print(OmegaConf.to_yaml(OmegaConf.create(config.plain())), end="")
            return 0
    if config.resume is not None:
        raise RequestError(
            [f"resume: {config.resume} in a file has no effect; say `syntonic-run resume={config.resume}`"]
        )
    return start(config, name, arguments.overrides, console).exit_code


def _resume(arguments: Arguments, loader: ConfigLoader, wanted: str, console: Console) -> int:
    if arguments.multirun:
        raise RequestError([f"resume={wanted}: a run goes on alone, without -m"])
    folder = resume.find(wanted)
    config = schema.check(folder.facts.config)
    others = [word for word in arguments.overrides if not word.startswith("resume=")]
    if others or arguments.config_name is not None:
        asked = _checked(_as_asked(arguments, loader, folder, others))
        resume.refuse_changes(folder, asked)
        config = replace(config, callbacks=asked.callbacks, trainer=asked.trainer)
    if said := resume.finished(folder):
        console.print(said, markup=False, soft_wrap=True)
        return 0
    folder.take()
    try:
        found = resume.state(folder)
        parts = build(config)
        if found is not None:
            resume.restore(parts, found)
        folder.update(status=Status.RUNNING, started=time.time())
        announce(console, config, folder, found.generation if found else 0)
        outcome = train(config, parts, folder, console, checkpoint=found, resumed=True)
    finally:
        folder.release()
    summary.show(console, outcome)
    return outcome.exit_code


def _as_asked(arguments: Arguments, loader: ConfigLoader, folder: RunFolder, words: list[str]) -> Composition:
    # Without a sentence, what was typed now is added to what was typed when the run was started.
    if arguments.config_name is not None:
        return compose(loader, arguments.config_name, words, multirun=False)
    return compose(loader, folder.facts.config_name, [*folder.facts.overrides, *words], multirun=False)


def _checked(composition: Composition) -> RunConfig:
    try:
        config = schema.check(composition.config)
    except RequestError as error:
        raise RequestError([*composition.faults, *error.faults]) from error
    if composition.faults:
        raise RequestError(composition.faults)
    return config
