"""Reads the arguments of a command: `--flag`, `--flag value`, `--flag=value`, and names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from syntonic.runners.config.errors import RequestError, did_you_mean

WIDE: Final = 200  # columns of a table that no terminal cuts off


@dataclass(frozen=True)
class Options:
    """What was typed: flags by name, those that may be repeated, and the rest."""

    flags: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def read(
    command: str,
    argv: Sequence[str],
    *,
    values: Collection[str] = (),
    lists: Collection[str] = (),
    switches: Collection[str] = (),
    most: int = 0,
) -> Options:
    """Reads the arguments of a command.

    Args:
        command: for messages.
        argv: as typed.
        values: flags that take a value.
        lists: flags that take one and may be repeated.
        switches: flags that take none; present ones have the value "".
        most: how many names there may be.

    Raises:
        RequestError: naming every unknown flag, missing value and superfluous name.
    """
    options, faults = Options(), []
    rest = iter(argv)
    for each in rest:
        flag, equals, value = each.partition("=")
        if flag in values or flag in lists:
            given = value if equals else next(rest, "")
            if flag in lists:
                options.lists.setdefault(flag, []).append(given)
            else:
                options.flags[flag] = given
            if not given:
                faults.append(f"{command}: {flag} needs a value")
        elif each in switches:
            options.flags[each] = ""
        elif each.startswith("-"):
            near = did_you_mean(flag, [*values, *lists, *switches, "--help"])
            faults.append(f"{command}: unknown flag {each!r}{near}")
            if not equals and any(repr(known) in near for known in values):
                next(rest, "")  # the value that was meant for it
        else:
            options.names.append(each)
    if len(options.names) > most:
        allowed = f"takes at most {most} names" if most else "takes no names"
        faults.append(f"{command}: {allowed}, got {' '.join(options.names)}; see `syntonic-run {command} --help`")
    if faults:
        raise RequestError(faults)
    return options
