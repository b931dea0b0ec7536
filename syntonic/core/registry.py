"""Names that a config may use, and what stands behind each of them.

A config can only name what was registered here, so it can never name code to execute. The keyword-only arguments of a
registered class are its schema: their annotations (with `annotated_types` bounds) and defaults are what
`conf/<kind>/<name>.yaml` may set. Its positional arguments are supplied by the runner.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Final, Literal, TypeVar

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
_OPEN: Final[tuple[Kind, ...]] = ("model", "benchmark", "trainer", "callback")
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
    if kind in _OPEN:
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")


def names(kind: Kind) -> list[str]:
    """Returns the registered names of one kind, sorted."""
    _open(kind)
    return sorted(name for of, name in _entries if of == kind)


def modules() -> list[str]:
    """Returns the modules outside of syntonic that registered something: what another process must import as well."""
    return sorted({cls.__module__ for cls in _entries.values() if not cls.__module__.startswith("syntonic.")})


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
