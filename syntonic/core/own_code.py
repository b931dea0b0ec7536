"""Modules of the user's own that may be called by name: those that `--use` has loaded, and no others."""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Code:
    """A module as another process can execute it.

    Attributes:
        module: its name.
        path: of its file, for messages.
        text: what the file said when it was loaded.
    """

    module: str
    path: str
    text: str

    def plain(self) -> dict[str, str]:
        """Returns it as plain data."""
        return asdict(self)


_allowed: Final[dict[str, Code]] = {}


def allow(code: Code) -> None:
    """Lets a module that is loaded be called by name from now on."""
    _allowed.pop(code.module, None)
    _allowed[code.module] = code


def allowed() -> list[Code]:
    """Returns the modules, in the order in which they were loaded."""
    return list(_allowed.values())


def find(name: str) -> Callable[..., Any]:
    """Returns what `module:function` names.

    Raises:
        ValueError: the module was not loaded by the user, or has no such function.
    """
    module, colon, function = name.partition(":")
    if not colon or not module or not function:
        raise ValueError(f"function={name}: expected module:function, such as mine:fitness of mine.py")
    if module not in _allowed:
        known = ", ".join(_allowed) or "none"
        raise ValueError(f"function={name}: no code {module!r} was loaded; add --use {module}.py (loaded: {known})")
    found = getattr(sys.modules.get(module), function, None)
    if not callable(found):
        names = sorted(
            key for key, each in vars(sys.modules[module]).items() if callable(each) and not key.startswith("_")
        )
        raise ValueError(f"function={name}: {_allowed[module].path} has no such function; it has {', '.join(names)}")
    return found  # type: ignore[no-any-return]
