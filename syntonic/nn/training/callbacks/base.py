"""Callbacks: they watch the records of a run and answer with a request. The runner carries it out.

A callback writes nothing and stops nothing by itself, so it can be tested with plain numbers, and what it remembers
goes into the checkpoint: a resumed run ends at the same generation as an uninterrupted one.
"""

from collections.abc import Mapping
from enum import Flag, auto
from typing import Any, Protocol, runtime_checkable

from syntonic.nn.training.escape import Escapable


class Request(Flag):
    """What a callback asks for after a generation; requests add up with `|`.

    STOP ends a run that has done enough; ABANDON ends one that is not worth going on with.
    """

    NOTHING = 0
    CHECKPOINT = auto()
    ESCAPE = auto()
    STOP = auto()
    ABANDON = auto()


class Callback(Protocol):
    """Watches a run."""

    def after(self, generation: int, metrics: Mapping[str, float]) -> Request:
        """Answers to one generation.

        Args:
            generation: generations done so far, from 1.
            metrics: what the trainer reports of it.
        """
        ...

    def state(self) -> dict[str, Any]:
        """Returns what must survive an interruption, as plain data."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        ...


@runtime_checkable
class Escaping(Callback, Protocol):
    """A callback that may ask for an escape."""

    def escape(self, trainer: Escapable) -> None:
        """Leads the trainer out of its dead end."""
        ...
