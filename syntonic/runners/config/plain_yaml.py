"""Refuses YAML files that a reader would choke on: a few lines of aliases can stand for more than any memory holds.

The events of a file are counted before anything is made of them; an alias counts for all that it stands for. Refused
too is what YAML 1.1 reads as another value than the command line does: `010` is 8 there, `1:30` is 90, `no` is false.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import yaml  # comes with OmegaConf
from omegaconf.basecontainer import get_yaml_loader  # type: ignore[attr-defined]  # 2.3 and 2.4 define it elsewhere

from syntonic.runners.config.errors import RequestError

_LARGEST: Final = 1 << 20  # bytes
_MOST: Final = 20_000  # values
_DEEPEST: Final = 40  # lists and mappings in one another
_LOADER: Final = get_yaml_loader()  # how OmegaConf reads the file afterwards
_INTEGER: Final = re.compile(r"[+-]?(0|[1-9](_?[0-9])*)")  # as on the command line; any other is a trap
_SAME: Final = {"bool": re.compile("true|false", re.IGNORECASE), "int": _INTEGER, "float": re.compile("[^:]*")}


def refuse(path: Path) -> None:
    """Does nothing if a config file can be read safely, or if it is not YAML at all, which its reader says better.

    Raises:
        RequestError: if it is no plain file, or too large, too deep, or of too many values with its aliases.
    """
    if not path.is_file():
        raise RequestError([f"{path} is no plain file"])
    if path.stat().st_size > _LARGEST:
        raise RequestError([f"{path} has more than {_LARGEST >> 20} MB, too much for a config; is it the right file?"])
    try:
        with path.open(encoding="utf-8") as file:
            fault = _fault(yaml.parse(file, Loader=yaml.SafeLoader))
        with path.open(encoding="utf-8") as file:
            fault = fault or _trap(yaml.parse(file, Loader=_LOADER))
    except (UnicodeDecodeError, yaml.YAMLError):
        return
    if fault:
        raise RequestError([f"{path} {fault}"])


def _fault(events: Iterable[yaml.Event]) -> str:
    sizes: dict[str, int] = {}
    inside: list[tuple[str | None, int]] = []  # the lists and mappings around an event, with what they hold so far
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, 1))
            if len(inside) > _DEEPEST:
                return f"has lists and mappings in one another more than {_DEEPEST} deep"
            continue
        size = 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                return f"has an alias *{event.anchor} that stands for what it is in"
            size = sizes[event.anchor]
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = inside.pop()
            if anchor is not None:
                sizes[anchor] = size
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        elif event.anchor is not None:
            sizes[event.anchor] = 1
        if inside:
            anchor, held = inside[-1]
            inside[-1] = anchor, held + size
            if held + size > _MOST:
                return f"stands for more than {_MOST:,} values, with its aliases"
    return ""


def _trap(events: Iterable[yaml.Event]) -> str:
    reader = _LOADER("")
    for event in events:
        if not isinstance(event, yaml.ScalarEvent) or not event.implicit[0]:
            continue
        tag = reader.resolve(yaml.ScalarNode, event.value, event.implicit)
        kind = tag.rpartition(":")[2]
        if kind in _SAME and not _SAME[kind].fullmatch(event.value):
            meant = reader.construct_object(yaml.ScalarNode(tag, event.value))
            read = str(meant).lower() if kind == "bool" else meant
            line = event.start_mark.line + 1
            return (
                f"holds {event.value!r} in line {line}, which YAML reads as {read}; write {read}, or quote it as text"
            )
    return ""
