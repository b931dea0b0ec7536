"""Names that a config may use, and what stands behind each of them.

A config can only name what was registered here, so it can never name code to execute. The keyword-only arguments of a
registered class are its schema: their annotations (with `annotated_types` bounds) and defaults are what
`conf/<kind>/<name>.yaml` may set. Its positional arguments are supplied by the runner.
"""

import importlib
import inspect
import os
import pkgutil
import sys
import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeVar

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["model", "benchmark", "trainer", "tracking", "callback", "sweeper", "launcher"]
T = TypeVar("T", bound=type)

_ROOMS: Final[dict[Kind, str]] = {
    "model": "syntonic.nn.architectures",
    "benchmark": "syntonic.benchmarks",
    "trainer": "syntonic.nn.training.strategies",
    "tracking": "syntonic.tracking",
    "callback": "syntonic.nn.training.callbacks",
    "sweeper": "syntonic.runners.sweepers",
    "launcher": "syntonic.runners.launchers",
}
OPEN: Final[tuple[Kind, ...]] = ("model", "benchmark", "trainer", "callback")
"""The kinds to which others can add: by `--use`, and by entry points of installed packages, as `syntonic.models`."""
_entries: Final[dict[tuple[str, str], type]] = {}


def register(kind: Kind, name: str) -> Callable[[T], T]:
    """Makes the decorated class available to configs as `name`.

    Raises:
        ValueError: if another class already has that name.
    """

    def decorate(cls: T) -> T:
        taken = _entries.setdefault((kind, name), cls)
        if taken is not cls and taken.__qualname__ != cls.__qualname__:
            raise ValueError(f"{kind} {name!r} is already {taken.__module__}.{taken.__qualname__}; choose another name")
        return cls

    return decorate


def _open(kind: Kind) -> None:
    """Imports the kind's room, and every file of a room that is open: what is new there need not be listed anywhere."""
    room = importlib.import_module(_ROOMS[kind])
    if kind in OPEN:
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")
        _enter(kind)


@cache
def _is_offered() -> bool:
    # Whether any installed package says so: a millisecond, where the library that reads it takes thirty to import.
    for place in filter(os.path.isdir, sys.path):
        with os.scandir(place) as entries:
            folders = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        for folder in folders:
            try:
                with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
                    if b"[syntonic." in file.read():
                        return True
            except OSError:
                continue
    return False


@cache
def _points(kind: Kind) -> tuple["EntryPoint", ...]:
    if not _is_offered():
        return ()
    from importlib import metadata

    return tuple(metadata.entry_points(group=f"syntonic.{kind}s"))


@cache
def _enter(kind: Kind) -> None:
    """Loads what installed packages offer under `syntonic.<kind>s`; one that fails is warned of and left out."""
    for point in _points(kind):
        try:
            point.load()
        except Exception as error:  # whatever a stranger's package raises, which others need not suffer from
            package = point.dist.name if point.dist else "an installed package"
            told = f"{type(error).__name__}: {error}"
            warnings.warn(f"{package} offers the {kind} {point.name!r}, which does not load: {told}", stacklevel=2)


def names(kind: Kind) -> list[str]:
    """Returns the registered names of one kind, sorted."""
    _open(kind)
    return sorted(name for of, name in _entries if of == kind)


def modules() -> list[str]:
    """Returns the modules outside of syntonic that registered something: what another process must import as well."""
    return sorted({cls.__module__ for cls in _entries.values() if not cls.__module__.startswith("syntonic.")})


def foreign() -> list[tuple[Kind, str, type]]:
    """Returns what was registered from outside of syntonic, of the open kinds: kind, name, class."""
    for kind in OPEN:
        if _points(kind):
            _open(kind)
    return [
        (of, name, cls)
        for (of, name), cls in sorted(_entries.items(), key=lambda entry: entry[0])
        if of in OPEN and not cls.__module__.startswith("syntonic.")
    ]


def forget(module: str) -> None:
    """Takes back what a module has registered, before it is executed anew."""
    for key in [key for key, cls in _entries.items() if cls.__module__ == module]:
        del _entries[key]


def lookup(kind: Kind, name: str) -> type:
    """Returns the class registered as `name`.

    Raises:
        KeyError: if there is none.
    """
    _open(kind)
    return _entries[kind, name]


def arguments(cls: type) -> dict[str, inspect.Parameter]:
    """Returns the arguments of `cls` that a config may set: the keyword-only ones, annotations resolved."""
    signature = inspect.signature(cls, eval_str=True)
    return {name: p for name, p in signature.parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
