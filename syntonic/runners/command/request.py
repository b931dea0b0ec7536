"""Carries out a request: a run, a sweep, or the rest of an interrupted run.

What only a run needs is imported when it is certain that there will be one: a wrong request is answered at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from hydra.core.config_loader import ConfigLoader
from omegaconf import OmegaConf

from syntonic.runners.command.arguments import Arguments
from syntonic.runners.config.compose import Composition, compose
from syntonic.runners.config.credentials import refuse_untyped
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.config.search_path import opened, user_folders

if TYPE_CHECKING:
    from rich.console import Console

    from syntonic.runners.run.folder import RunFolder
    from syntonic.runners.run.record import RunRecord


def launch(arguments: Arguments) -> int:
    """Carries out what was typed and returns the exit code.

    Raises:
        RequestError: if the request is wrong; nothing was written then.
    """
    if _said(arguments.overrides, "resume"):
        return _go_on(arguments)
    with _recorder(arguments):
        return _carry_out(arguments)


def _carry_out(arguments: Arguments) -> int:
    name, words, resumed = arguments.config_name or "config", list(arguments.overrides), None
    warnings: list[str] = []
    if wanted := _said(words, "sweep.resume"):
        from syntonic.runners.sweep import folder as sweep_folder

        facts = sweep_folder.find(wanted, warnings.append)
        words = [*facts.overrides, *(word for word in words if not word.startswith("sweep.resume="))]
        name, resumed = facts.config_name, facts.id
    with _opened(arguments) as (loader, front):
        composition = compose(loader, name, words, multirun=arguments.multirun or resumed is not None)
        if composition.sweep is not None and not arguments.show_config:
            if composition.faults:
                _checked(composition, name, words)
            from syntonic.runners.sweep.loop import sweep
            from syntonic.tracking.writer_process import dismiss_ahead

            if resumed is not None:
                refuse_untyped(composition.config["tracking"], arguments.overrides)
            dismiss_ahead()
            return sweep(loader, name, words, composition, _console([*warnings, *front]), resumed)
        config = _checked(composition, name, words)
        if composition.without_sweep:
            raise RequestError(composition.without_sweep)
        if arguments.show_config:
            print(OmegaConf.to_yaml(OmegaConf.create(config.plain())), end="")
            return 0
    return _start(arguments, config, _console(front)).exit_code


def single(arguments: Arguments, *, quiet: bool) -> "RunRecord":
    """Carries out one run, or the rest of one, and returns what came of it.

    Args:
        arguments: as typed.
        quiet: whether to print nothing.

    Raises:
        RequestError: if the request is wrong, or asks for a sweep, or for the rest of a run that is finished.
    """
    if _said(arguments.overrides, "resume"):
        from syntonic.runners.run import resume
        from syntonic.runners.run.life import go_on

        folder, config, front = _to_go_on(arguments)
        if said := resume.finished(folder):
            raise RequestError([said])
        return go_on(folder, config, _console(front, quiet=quiet))
    with _opened(arguments) as (loader, front):
        composition = compose(loader, arguments.config_name or "config", arguments.overrides, multirun=False)
        if composition.sweep is not None:
            raise RequestError(["this is a sweep; start it with `syntonic-run -m`"])
        if composition.without_sweep:
            raise RequestError(composition.without_sweep)
        config = _checked(composition, arguments.config_name or "config", arguments.overrides)
    return _start(arguments, config, _console(front, quiet=quiet))


@contextmanager
def _recorder(arguments: Arguments) -> Iterator[None]:
    # Starts the process that will record the run, unless the words say that there is none to record: to read the config
    # keeps one processor busy for a quarter of a second. At the end it is dismissed if it has got no run.
    from syntonic.tracking.writer_process import dismiss_ahead, start_ahead

    said = [word.partition("=")[2] for word in arguments.overrides if word.startswith("tracking=")]
    if not (arguments.multirun or arguments.show_config) and said in ([], ["mlflow"]):
        start_ahead()
    try:
        yield
    finally:
        dismiss_ahead()


@contextmanager
def _opened(arguments: Arguments) -> Iterator[tuple[ConfigLoader, list[str]]]:
    # Hydra on all words, and what to say of those that come before the built-in ones.
    folders = user_folders(arguments.config_dir)
    with opened(folders) as loader:
        yield loader, [f"words of {folder}/ come before the built-in ones" for folder in folders]


def _console(lines: Sequence[str], *, quiet: bool = False) -> "Console":
    from syntonic.runners.run.progress import Output

    console = Output(quiet=quiet)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    return console


def _start(arguments: Arguments, config: RunConfig, console: "Console") -> "RunRecord":
    if config.resume is not None:
        raise RequestError(
            [f"resume: {config.resume} in a file has no effect; say `syntonic-run resume={config.resume}`"]
        )
    from syntonic.runners.run.life import start

    return start(config, arguments.config_name or "config", arguments.overrides, console)


def _go_on(arguments: Arguments) -> int:
    from syntonic.runners.run import resume
    from syntonic.runners.run.life import go_on

    folder, config, front = _to_go_on(arguments)
    console = _console(front)
    if said := resume.finished(folder):
        console.print(said, markup=False, soft_wrap=True)
        return 0
    return go_on(folder, config, console).exit_code


def _to_go_on(arguments: Arguments) -> "tuple[RunFolder, RunConfig, list[str]]":
    # The run that is meant, with what may be changed about it.
    from syntonic.runners.run import resume
    from syntonic.runners.run.listing import find

    wanted = _said(arguments.overrides, "resume") or ""
    with _opened(arguments) as (loader, front):
        if arguments.multirun:
            raise RequestError([f"resume={wanted}: a run goes on alone, without -m; a sweep by sweep.resume={wanted}"])
        folder = find(wanted, front.append, "resume=")
        config = resume.as_started(folder)
        refuse_untyped(config.tracking, arguments.overrides)
        others = [word for word in arguments.overrides if not word.startswith("resume=")]
        if others or arguments.config_name is not None:
            asked = _checked(_as_asked(arguments, loader, folder, others))
            resume.refuse_changes(config, asked)
            config = replace(config, callbacks=asked.callbacks, trainer=asked.trainer, profile=asked.profile)
    return folder, config, front


def _said(words: Sequence[str], key: str) -> str | None:
    # What the command line says of a key that must be known before anything is composed.
    value = next((word.partition("=")[2] for word in words if word.startswith(f"{key}=")), None)
    return None if value in ("null", "") else value


def _as_asked(arguments: Arguments, loader: ConfigLoader, folder: "RunFolder", words: list[str]) -> Composition:
    # Without a sentence, what was typed now is added to what was typed when the run was started.
    if arguments.config_name is not None:
        return compose(loader, arguments.config_name, words, multirun=False)
    return compose(loader, folder.record.config_name, [*folder.record.overrides, *words], multirun=False)


def _checked(composition: Composition, name: str = "config", words: Sequence[str] = ()) -> RunConfig:
    from syntonic.runners.config import schema

    try:
        config = schema.check(composition.config)
    except RequestError as error:
        found = [fault + _of_sentence(fault, name, words) for fault in error.faults]
        raise RequestError([*composition.faults, *found]) from error
    if composition.faults:
        raise RequestError(composition.faults)
    return config


def _of_sentence(fault: str, name: str, words: Sequence[str]) -> str:
    # Why there is a key that nobody typed, where a sentence meets another model than the one that it is made for.
    key, _, reason = fault.partition(": ")
    group = key.partition(".")[0]
    typed = any(word.lstrip("+").startswith(f"{key}=") for word in words)
    if name == "config" or typed or not reason.startswith("there is no such key"):
        return ""
    chosen = any(word.startswith(f"{group}=") for word in words)
    return f"; -cn {name} sets it for another {group}: add ~{key}, or leave out -cn {name}" if chosen else ""
