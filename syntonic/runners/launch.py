"""Carries out a request: a run, a sweep, or the rest of an interrupted run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hydra.core.config_loader import ConfigLoader
from omegaconf import OmegaConf
from rich.console import Console

from syntonic.runners import resume, schema
from syntonic.runners.arguments import Arguments
from syntonic.runners.compose import Composition, compose
from syntonic.runners.config import RunConfig
from syntonic.runners.faults import RequestError
from syntonic.runners.progress import Output
from syntonic.runners.run_folder import RunFolder
from syntonic.runners.start import go_on, start
from syntonic.runners.summary import Outcome
from syntonic.runners.sweep import sweep
from syntonic.runners.sweeps import folder as sweep_folder
from syntonic.runners.words import opened, user_folders


def launch(arguments: Arguments) -> int:
    """Carries out what was typed and returns the exit code.

    Raises:
        RequestError: if the request is wrong; nothing was written then.
    """
    console = Output()
    if _said(arguments.overrides, "resume"):
        folder, config = _to_go_on(arguments, console)
        if said := resume.finished(folder):
            console.print(said, markup=False, soft_wrap=True)
            return 0
        return go_on(folder, config, console).exit_code
    with opened(_folders(arguments, console)) as loader:
        name, words, resumed = arguments.config_name or "config", list(arguments.overrides), None
        if wanted := _said(words, "sweep.resume"):
            facts = sweep_folder.find(wanted).facts
            words = [*facts.overrides, *(word for word in words if not word.startswith("sweep.resume="))]
            name, resumed = facts.config_name, facts.id
        composition = compose(loader, name, words, multirun=arguments.multirun or resumed is not None)
        if composition.sweep is not None and not arguments.show_config:
            return sweep(loader, name, words, composition, console, resumed)
        config = _checked(composition)
        if arguments.show_config:
            print(OmegaConf.to_yaml(OmegaConf.create(config.plain())), end="")
            return 0
    return _start(arguments, config, console).exit_code


def single(arguments: Arguments, console: Console) -> Outcome:
    """Carries out one run, or the rest of one, and returns what came of it.

    Raises:
        RequestError: if the request is wrong, or asks for a sweep, or for the rest of a run that is finished.
    """
    if _said(arguments.overrides, "resume"):
        folder, config = _to_go_on(arguments, console)
        if said := resume.finished(folder):
            raise RequestError([said])
        return go_on(folder, config, console)
    with opened(_folders(arguments, console)) as loader:
        composition = compose(loader, arguments.config_name or "config", arguments.overrides, multirun=False)
        if composition.sweep is not None:
            raise RequestError(["this is a sweep; start it with `syntonic-run -m`"])
        config = _checked(composition)
    return _start(arguments, config, console)


def _start(arguments: Arguments, config: RunConfig, console: Console) -> Outcome:
    if config.resume is not None:
        raise RequestError(
            [f"resume: {config.resume} in a file has no effect; say `syntonic-run resume={config.resume}`"]
        )
    return start(config, arguments.config_name or "config", arguments.overrides, console)


def _to_go_on(arguments: Arguments, console: Console) -> tuple[RunFolder, RunConfig]:
    # The run that is meant, with what may be changed about it.
    wanted = _said(arguments.overrides, "resume") or ""
    with opened(_folders(arguments, console)) as loader:
        if arguments.multirun:
            raise RequestError([f"resume={wanted}: a run goes on alone, without -m; a sweep by sweep.resume={wanted}"])
        folder = resume.find(wanted)
        config = schema.check(folder.facts.config)
        others = [word for word in arguments.overrides if not word.startswith("resume=")]
        if others or arguments.config_name is not None:
            asked = _checked(_as_asked(arguments, loader, folder, others))
            resume.refuse_changes(folder, asked)
            config = replace(config, callbacks=asked.callbacks, trainer=asked.trainer, profile=asked.profile)
    return folder, config


def _folders(arguments: Arguments, console: Console) -> tuple[Path, ...]:
    folders = user_folders(arguments.config_dir)
    for folder in folders:
        console.print(f"words of {folder}/ come before the built-in ones", markup=False)
    return folders


def _said(words: Sequence[str], key: str) -> str | None:
    # What the command line says of a key that must be known before anything is composed.
    value = next((word.partition("=")[2] for word in words if word.startswith(f"{key}=")), None)
    return None if value in ("null", "") else value


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
