"""Reads the words after a verb: `--flag`, `--flag value`, `--flag=value`, and names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from syntonic.runners.config.errors import RequestError, did_you_mean

WIDE: Final = 200  # columns of a table that no terminal cuts off


@dataclass(frozen=True)
class Options:
    """What was typed: flags by name, and the words that are none."""

    flags: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def read(
    verb: str, words: Sequence[str], *, values: Collection[str] = (), switches: Collection[str] = (), most: int = 0
) -> Options:
    """Reads a verb's words.

    Args:
        verb: for messages.
        words: as typed.
        values: flags that take a value.
        switches: flags that take none; present ones have the value "".
        most: how many names there may be.

    Raises:
        RequestError: naming every unknown flag, missing value and superfluous name.
    """
    options, faults = Options(), []
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if flag in values:
            given = value if equals else next(rest, "")
            options.flags[flag] = given
            if not given:
                faults.append(f"{verb}: {flag} needs a value")
        elif word in switches:
            options.flags[word] = ""
        elif word.startswith("-"):
            near = did_you_mean(flag, [*values, *switches, "--help"])
            faults.append(f"{verb}: unknown flag {word!r}{near}")
            if not equals and any(repr(known) in near for known in values):
                next(rest, "")  # the value that was meant for it
        else:
            options.names.append(word)
    if len(options.names) > most:
        allowed = f"takes at most {most} names" if most else "takes no names"
        faults.append(f"{verb}: {allowed}, got {' '.join(options.names)}; see `syntonic-run {verb} --help`")
    if faults:
        raise RequestError(faults)
    return options
