"""Keeps copies of a run's journal up to date: at each checkpoint, and at the end."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Final, Literal, Protocol

from syntonic.tracking.base import Ending, Run
from syntonic.tracking.copies.comma_separated import CommaSeparated
from syntonic.tracking.copies.tensorboard import TensorBoard
from syntonic.tracking.copies.weights_and_biases import WeightsAndBiases
from syntonic.tracking.journal import JOURNAL, Point, Tail

Format = Literal["csv", "tensorboard", "wandb"]


class Copy(Protocol):
    """One file, or one folder, which it writes anew: what an earlier part of the run left is replaced."""

    def add(self, points: Iterable[Point]) -> None:
        """Appends points, oldest first.

        Raises:
            OSError: if the disk refuses them.
        """
        ...

    def close(self, ending: Ending) -> None:
        """Says how the run ended; nothing is added after it.

        Raises:
            OSError: if the disk refuses it.
        """
        ...


_MAKERS: Final[dict[Format, Callable[[Run], Copy]]] = {
    "csv": CommaSeparated,
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
}
_EXTRAS: Final[tuple[Format, ...]] = ("tensorboard", "wandb")  # each is a package, and the extra that brings it


class Copies:
    """The copies of one run. What a disk refuses is a problem to be told, never the end of the run.

    Args:
        formats: which there are.

    Raises:
        ValueError: if the package that one of them needs is not installed.
    """

    def __init__(self, formats: Sequence[Format]) -> None:
        for name in _EXTRAS:
            if name in formats and find_spec(name) is None:
                raise ValueError(f"also=[{name}] needs the package of that name: pip install 'syntonic[{name}]'")
        self._formats = tuple(dict.fromkeys(formats))
        self._copies: list[Copy] = []
        self.problems: list[str] = []

    def start(self, run: Run) -> None:
        """Begins with the journal in a run's folder, from its first point on."""
        self._tail = Tail(run.folder / JOURNAL)
        self._attempt(lambda: self._copies.extend(_MAKERS[each](run) for each in self._formats))

    def update(self) -> None:
        """Adds what is new in the journal."""
        if self._copies:
            points = list(self._tail.new())
            for copy in self._copies:
                self._attempt(partial(copy.add, points))

    def finish(self, ending: Ending) -> None:
        """Adds what is left, and says how the run ended."""
        self.update()
        for copy in self._copies:
            self._attempt(partial(copy.close, ending))

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self._copies = []
            self.problems.append(f"no further point is copied for other programs: {error}; the journal has them all")
