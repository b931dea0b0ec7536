"""The command line of `syntonic-run`: a few flags, the rest are `key=value` overrides."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syntonic.runners.command.table import VERBS
from syntonic.runners.config.errors import RequestError, did_you_mean

_SWITCHES: Final = {
    "-h": "help",
    "--help": "help",
    "--version": "version",
    "-m": "multirun",
    "--multirun": "multirun",
    "--cfg": "show_config",
}
_WITH_VALUE: Final = {
    "-cn": "config_name",
    "--config-name": "config_name",
    "-cd": "config_dir",
    "--config-dir": "config_dir",
    "--completion": "completion",
}
FLAGS: Final = (*_SWITCHES, *_WITH_VALUE)


@dataclass(frozen=True)
class Arguments:
    """What was typed.

    Attributes:
        config_name: the sentence to start from; None: `config`, the default run.
        config_dir: a folder of the user's own words and sentences.
        overrides: `key=value` words, in order.
        completion: the shell whose script for completion is wanted.
        complete: the line that a shell wants completed.
    """

    overrides: tuple[str, ...] = ()
    config_name: str | None = None
    config_dir: str | None = None
    multirun: bool = False
    show_config: bool = False
    completion: str | None = None
    complete: str | None = None
    help: bool = False
    version: bool = False


def parse(argv: Sequence[str]) -> Arguments:
    """Reads a command line.

    Raises:
        RequestError: on an unknown flag, a flag without its value, or a word that is no override.
    """
    if argv and argv[0] == "--complete":  # asked by a shell, of a line that may be anything
        return Arguments(complete=" ".join(argv[1:]))
    _refuse_misspelt_verb(argv)
    found: dict[str, str | bool] = {}
    overrides: list[str] = []
    faults: list[str] = []
    words = iter(argv)
    for word in words:
        flag, equals, value = word.partition("=")
        if word in _SWITCHES:
            found[_SWITCHES[word]] = True
        elif flag in _WITH_VALUE:
            value = value if equals else next(words, "")
            found[_WITH_VALUE[flag]] = value
            if not value:
                faults.append(f"{flag} needs a value, for example `{flag} digits`")
        elif word.startswith("-"):
            faults.append(f"unknown flag {word!r}{did_you_mean(flag, [*_SWITCHES, *_WITH_VALUE])}")
        elif equals or word.startswith("~"):
            overrides.append(word)
        else:
            faults.append(f"{word!r} is not of the form key=value{_sentence_hint(word)}; see `syntonic-run --help`")
    if faults:
        raise RequestError(faults)
    return Arguments(overrides=tuple(overrides), **found)  # type: ignore[arg-type]


def _sentence_hint(word: str) -> str:
    return f" (a whole run from configs/ is started by `-cn {word}`)" if word.isidentifier() else ""


def _refuse_misspelt_verb(argv: Sequence[str]) -> None:
    # What follows a verb is the verb's own, so there is nothing more to say about it.
    near = difflib.get_close_matches(argv[0], VERBS, n=1, cutoff=0.6) if argv else []
    if near and "=" not in argv[0]:
        raise RequestError([f"{argv[0]!r} is no verb; did you mean {near[0]!r}? See `syntonic-run --help`"])
