"""Carries out a request: a run, a sweep, or the rest of an interrupted run.

What only a run needs is imported when it is certain that there will be one: a wrong request is answered at once.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
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

    from syntonic.runners.own.source import Source
    from syntonic.runners.run.folder import RunFolder
    from syntonic.runners.run.progress import Output
    from syntonic.runners.run.record import RunRecord
    from syntonic.runners.sweep.outcome import SweepOutcome
    from syntonic.runners.sweep.state import SweepState


def launch(arguments: Arguments) -> int:
    """Carries out what was typed and returns the exit code.

    Raises:
        RequestError: if the request is wrong; nothing was written then.
    """
    if _typed(arguments.overrides, "resume"):
        return _resume(arguments)
    if _typed(arguments.overrides, "init_from"):
        arguments = _with_ids(arguments)
    with _recorder(arguments):
        return _carry_out(arguments)


def several(arguments: Arguments) -> "SweepOutcome":
    """Carries out a sweep and returns what it has come to.

    Raises:
        RequestError: if the request is wrong; nothing was started then.
    """
    from syntonic.runners.sweep.outcome import SweepOutcome, outcome

    ended: list[SweepOutcome] = []
    if _typed(arguments.overrides, "init_from"):
        arguments = _with_ids(arguments)
    _carry_out(replace(arguments, multirun=True), lambda state, sweep: ended.append(outcome(state, sweep)))
    if not ended:
        raise RequestError(["sweep.dry_run=true: a dry run has no result; start it with `syntonic-run -m`"])
    return ended[0]


def _carry_out(arguments: Arguments, told: "Callable[[SweepState, str], None] | None" = None) -> int:
    from syntonic.runners.own import loading

    name, overrides, resumed = arguments.config_name or "config", list(arguments.overrides), None
    warnings: list[str] = []
    own = loading.typed(arguments.code)
    if wanted := _typed(overrides, "sweep.resume"):
        from syntonic.runners.run.folder import home
        from syntonic.runners.sweep import folder as sweep_folder

        facts = sweep_folder.find(wanted, warnings.append)
        own = loading.of_record(facts.uses, home() / "sweeps" / facts.id, own)
        overrides = [*facts.overrides, *(each for each in overrides if not each.startswith("sweep.resume="))]
        name, resumed = facts.config_name, facts.id
    with _opened(arguments) as (loader, front):
        composition = compose(loader, name, overrides, multirun=arguments.multirun or resumed is not None)
        if composition.sweep is not None and not arguments.show_config:
            if composition.faults:
                _checked(composition, name, overrides)
            from syntonic.runners.sweep.loop import sweep
            from syntonic.tracking.writer_process import dismiss_ahead

            if resumed is not None:
                refuse_untyped(composition.config["tracking"], arguments.overrides)
            dismiss_ahead()
            console = _console([*warnings, *front], quiet=arguments.quiet)
            return sweep(loader, name, overrides, composition, console, resumed, own, told)
        config = _checked(composition, name, overrides)
        if composition.without_sweep:
            raise RequestError(composition.without_sweep)
        if arguments.show_config:
            print(OmegaConf.to_yaml(OmegaConf.create(config.plain())), end="")
            return 0
    return _exit_code(_start(arguments, config, _console(front, quiet=arguments.quiet), own), arguments)


def single(arguments: Arguments, *, quiet: bool) -> "RunRecord":
    """Carries out one run, or the rest of one, and returns what came of it.

    Args:
        arguments: as typed.
        quiet: whether to print nothing.

    Raises:
        RequestError: if the request is wrong, or asks for a sweep, or for the rest of a run that is finished.
    """
    from syntonic.runners.own.loading import typed

    if _typed(arguments.overrides, "resume"):
        from syntonic.runners.run.life import resume
        from syntonic.runners.run.resume import finished

        folder, config, front, own = _to_resume(arguments)
        if over := finished(folder):
            raise RequestError([over])
        return resume(folder, config, _console(front, quiet=quiet), own=own)
    own = typed(arguments.code)
    if _typed(arguments.overrides, "init_from"):
        arguments = _with_ids(arguments)
    with _opened(arguments) as (loader, front):
        composition = compose(loader, arguments.config_name or "config", arguments.overrides, multirun=False)
        if composition.sweep is not None:
            raise RequestError(["this is a sweep; start it with `syntonic-run -m`"])
        if composition.without_sweep:
            raise RequestError(composition.without_sweep)
        config = _checked(composition, arguments.config_name or "config", arguments.overrides)
    return _start(arguments, config, _console(front, quiet=quiet), own)


@contextmanager
def _recorder(arguments: Arguments) -> Iterator[None]:
    # Starts the process that will record the run, unless the command line says that there is none: to read the config
    # keeps one processor busy for a quarter of a second. At the end it is told to end if it has got no run.
    from syntonic.tracking.writer_process import dismiss_ahead, start_ahead

    said = [each.partition("=")[2] for each in arguments.overrides if each.startswith("tracking=")]
    if not (arguments.multirun or arguments.show_config) and said in ([], ["mlflow"]):
        start_ahead()
    try:
        yield
    finally:
        dismiss_ahead()


@contextmanager
def _opened(arguments: Arguments) -> Iterator[tuple[ConfigLoader, list[str]]]:
    # Hydra on all configs, and what to say of those that come before the built-in ones.
    folders = user_folders(arguments.config_dir)
    with opened(folders) as loader:
        yield loader, [f"configs in {folder}/ take precedence over the built-in ones" for folder in folders]


def _console(lines: Sequence[str], *, quiet: bool = False) -> "Output":
    from syntonic.runners.run.progress import Output

    console = Output(quiet=quiet)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    return console


def _start(arguments: Arguments, config: RunConfig, console: "Console", own: "Sequence[Source]") -> "RunRecord":
    if config.resume is not None:
        raise RequestError(
            [f"resume: {config.resume} in a file has no effect; say `syntonic-run resume={config.resume}`"]
        )
    from syntonic.runners.run.life import start

    return start(config, arguments.config_name or "config", arguments.overrides, console, own=own)


def _resume(arguments: Arguments) -> int:
    from syntonic.runners.run.life import resume
    from syntonic.runners.run.resume import finished

    folder, config, front, own = _to_resume(arguments)
    console = _console(front, quiet=arguments.quiet)
    if over := finished(folder):
        console.print(over, markup=False, soft_wrap=True)
        return 0
    return _exit_code(resume(folder, config, console, own=own), arguments)


def _exit_code(record: "RunRecord", arguments: Arguments) -> int:
    # Who asked for silence is told what went wrong nevertheless.
    if arguments.quiet and (record.exit_code or record.problems):
        state = f"{record.status}{f' ({record.reason})' if record.reason else ''}"
        print("; ".join([f"{record.title}: {state} in {record.folder}", *record.problems]), file=sys.stderr)
    return record.exit_code


def _to_resume(arguments: Arguments) -> "tuple[RunFolder, RunConfig, list[str], list[Source]]":
    # The run that is meant, with what may be changed about it, and the code that it was made with.
    from syntonic.runners.own.loading import of_record, typed
    from syntonic.runners.run.listing import deleted, find
    from syntonic.runners.run.resume import as_started, refuse_changes
    from syntonic.tracking.stores.remote import in_the_bin

    wanted = _typed(arguments.overrides, "resume") or ""
    if arguments.multirun:
        raise RequestError([f"resume={wanted}: continues one run, without -m; for a sweep: sweep.resume={wanted}"])
    warnings: list[str] = []
    folder = find(wanted, warnings.append, "resume=")
    warnings += [f"warning: {in_the_bin(folder.record.run_id)}" for folder in deleted([folder])]
    own = of_record(folder.record.uses, folder.path, typed(arguments.code))
    with _opened(arguments) as (loader, front):
        config = as_started(folder)
        refuse_untyped(config.tracking, arguments.overrides)
        others = [each for each in arguments.overrides if not each.startswith("resume=")]
        if others or arguments.config_name is not None:
            asked = _checked(_as_asked(arguments, loader, folder, others))
            refuse_changes(config, asked)
            config = config.continued(asked)
    return folder, config, [*warnings, *front], own


def _with_ids(arguments: Arguments) -> Arguments:
    from syntonic.runners.run.initial import with_ids

    return replace(arguments, overrides=with_ids(arguments.overrides))


def _typed(overrides: Sequence[str], key: str) -> str | None:
    # What the command line says of a key that must be known before anything is composed.
    value = next((each.partition("=")[2] for each in overrides if each.startswith(f"{key}=")), None)
    return None if value in ("null", "") else value


def _as_asked(arguments: Arguments, loader: ConfigLoader, folder: "RunFolder", overrides: list[str]) -> Composition:
    # Without a config, what was typed now is added to what was typed when the run was started.
    if arguments.config_name is not None:
        return compose(loader, arguments.config_name, overrides, multirun=False)
    return compose(loader, folder.record.config_name, [*folder.record.overrides, *overrides], multirun=False)


def _checked(composition: Composition, name: str = "config", overrides: Sequence[str] = ()) -> RunConfig:
    from syntonic.runners.config import schema

    try:
        config = schema.check(composition.config)
    except RequestError as error:
        found = [fault + _of_config(fault, name, overrides) for fault in error.faults]
        raise RequestError([*composition.faults, *found]) from error
    if composition.faults:
        raise RequestError(composition.faults)
    return config


def _of_config(fault: str, name: str, overrides: Sequence[str]) -> str:
    # Why there is a key that nobody typed, where a config meets another model than the one that it is made for.
    key, _, reason = fault.partition(": ")
    group = key.partition(".")[0]
    typed = any(each.lstrip("+").startswith(f"{key}=") for each in overrides)
    if name == "config" or typed or not reason.startswith("there is no such key"):
        return ""
    chosen = any(each.startswith(f"{group}=") for each in overrides)
    return f"; -cn {name} sets it for another {group}: add ~{key}, or leave out -cn {name}" if chosen else ""
