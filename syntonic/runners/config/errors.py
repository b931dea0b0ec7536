"""What is wrong with a request, said once and with the way out."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

_LONGEST: Final = 2000  # characters of a fault that are shown


class RequestError(Exception):
    """A request that cannot be carried out; nothing was started and nothing was written.

    Attributes:
        faults: every fault that was found, one line each.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        """Keeps each fault once, in the order of finding."""
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("; ".join(self.faults))

    def report(self) -> str:
        """Returns the text for a person: one line for one fault, a list for several."""
        if len(self.faults) == 1:
            return f"syntonic-run: {harmless(self.faults[0])}"
        lines = [f"syntonic-run: {len(self.faults)} faults, nothing was started"]
        return "\n".join([*lines, *(f"  - {harmless(fault)}" for fault in self.faults)])


def harmless(text: str) -> str:
    """Returns a fault as one line that cannot control a terminal: it may quote a file from anywhere."""
    shown = "".join(sign if sign.isprintable() else " " if sign == "\n" else "?" for sign in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST // 2]} ... {shown[-_LONGEST // 2 :]}"


def printable(text: str) -> str:
    """Returns a text that does nothing to a terminal but appear on it.

    >>> printable("a" + chr(27) + "[2J")
    'a?[2J'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """Returns the end of a message: the nearest known name, or all of them.

    >>> did_you_mean("mpl", ["mlp", "cnn"])
    "; did you mean 'mlp'?"
    >>> did_you_mean("tree", ["mlp", "cnn"])
    '; known: cnn, mlp'
    """
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(sorted(known))}" if known else ""
