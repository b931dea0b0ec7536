"""The command line of `syntonic-run`: a few flags, the rest are overrides, `key=value`."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syntonic.runners.command.table import COMMANDS
from syntonic.runners.config.elsewhere import known_here
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.run_config import RunConfig, keys


@dataclass(frozen=True)
class Flag:
    """A flag of the command.

    Attributes:
        names: that it answers to.
        field: of `Arguments` that it sets.
        text: what it is for.
        value: what stands for its value in the help; empty: it takes none.
        many: whether it may be given more than once.
    """

    names: tuple[str, ...]
    field: str
    text: str
    value: str = ""
    many: bool = False


FLAGS: Final = (
    Flag(("-cn", "--config-name"), "config_name", "the experiment config to start from", "NAME"),
    Flag(
        ("-cd", "--config-dir"),
        "config_dir",
        "more config groups and configs of your own (./conf is always looked at first)",
        "FOLDER",
    ),
    Flag(
        ("--use",),
        "use",
        "code of your own: a file, or a module that is installed; what it registers becomes options; repeatable",
        "FILE.py",
        many=True,
    ),
    Flag(
        ("-m", "--multirun"),
        "multirun",
        "a sweep: a,b  range(0,5)  interval(0,1)  tag(log,interval(0.01,1)), one run for each point",
    ),
    Flag(
        ("--completion",),
        "completion",
        'bash or zsh: eval "$(syntonic-run --completion bash)"; fish: ... | source',
        "SHELL",
    ),
    Flag(("-q", "--quiet"), "quiet", "print nothing but what went wrong"),
    Flag(("--cfg",), "show_config", "print the composed config and stop"),
    Flag(("-h", "--help"), "help", "print this help and stop"),
    Flag(("--version",), "version", "print the version and stop"),
)
_SECTIONS: Final = ("model", "benchmark", "trainer", "tracking", "callbacks", "sweep", "experiment")
_FUNCTION: Final = re.compile(r"[=,\[]([A-Za-z_]\w*):[A-Za-z_]\w*")
_BY_NAME: Final = {name: flag for flag in FLAGS for name in flag.names}


@dataclass(frozen=True)
class Arguments:
    """What was typed.

    Attributes:
        config_name: the config to start from; None: `config`, the default run.
        config_dir: a folder of the user's own config groups and configs.
        overrides: `key=value`, in order.
        use: files and modules of the user's own.
        completion: the shell whose script for completion is wanted.
        complete: the line that a shell wants completed.
        quiet: whether to print nothing but what went wrong.
    """

    overrides: tuple[str, ...] = ()
    config_name: str | None = None
    config_dir: str | None = None
    use: tuple[str, ...] = ()
    multirun: bool = False
    show_config: bool = False
    quiet: bool = False
    completion: str | None = None
    complete: str | None = None
    help: bool = False
    version: bool = False

    @property
    def code(self) -> tuple[str, ...]:
        """What `use` names, and the files of this folder whose functions an override names: typing one means both."""
        typed = [text for text in self.overrides if text.startswith("benchmark.function=")]
        named = [match for text in typed for match in _FUNCTION.findall(text)]
        used = {Path(name).name.removesuffix(".py") for name in self.use}
        found = (f"{name}.py" for name in dict.fromkeys(named) if name not in used and Path(f"{name}.py").is_file())
        return (*self.use, *found)


def parse(argv: Sequence[str]) -> Arguments:
    """Reads a command line.

    Raises:
        RequestError: on an unknown flag, a flag without its value, or what is neither a flag nor an override.
    """
    if argv and argv[0] == "--complete":  # asked by a shell, of a line that may be anything
        return Arguments(complete=" ".join(argv[1:]))
    _refuse_misspelt_command(argv)
    found: dict[str, str | bool] = {}
    several: dict[str, list[str]] = {}
    overrides: list[str] = []
    faults: list[str] = []
    rest = list(argv)
    while rest:
        each = rest.pop(0)
        flag, equals, value = each.partition("=")
        known = _BY_NAME.get(flag)
        if known is not None and known.value:
            value = value if equals else rest.pop(0) if rest else ""
            if known.many:
                several.setdefault(known.field, []).append(value)
            else:
                found[known.field] = value
            if not value:
                faults.append(f"{flag} needs a value: `{flag} {known.value}`")
        elif known is not None and not equals:
            found[known.field] = True
        elif each.startswith("-"):
            key = _key(flag)
            if key is not None and not equals and rest and not rest[0].startswith("-") and "=" not in rest[0]:
                value = rest.pop(0)  # which was meant for it
            hint = (
                did_you_mean(flag, list(_BY_NAME)) if key is None else f"; did you mean `{key}={value or '<value>'}`?"
            )
            faults.append(f"unknown flag {each!r}{hint}")
        elif equals or each.startswith("~"):
            overrides.append(each)
        else:
            faults.append(f"{each!r} is not of the form key=value{_config_hint(each)}; see `syntonic-run --help`")
    if faults:
        raise RequestError(faults)
    lists = {field: tuple(values) for field, values in several.items()}
    return Arguments(overrides=tuple(overrides), **found, **lists)  # type: ignore[arg-type]


def _key(flag: str) -> str | None:
    # The key of the config that somebody has written as a flag, as other programs have it.
    name = flag.lstrip("-").replace("-", "_")
    own = {key.name for key in keys(RunConfig)} | set(_SECTIONS)
    return name if name in own or (name.partition(".")[0] in _SECTIONS and "." in name) else known_here(name)


def _config_hint(given: str) -> str:
    return f" (a config of that name is started by `-cn {given}`)" if given.isidentifier() else ""


def _is_config(given: str) -> bool:
    return given.isidentifier() and (Path(__file__).parents[2] / "configs" / f"{given}.yaml").is_file()


def _refuse_misspelt_command(argv: Sequence[str]) -> None:
    # What follows a command is read by the command, so nothing more can be said of it.
    near = difflib.get_close_matches(argv[0], COMMANDS, n=1, cutoff=0.6) if argv else []
    if near and "=" not in argv[0] and not _is_config(argv[0]):
        raise RequestError([f"no command named {argv[0]!r}; did you mean {near[0]!r}? See `syntonic-run --help`"])
