"""What the runner and a tracker say to each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Status(StrEnum):
    """How a run stands; the words are MLflow's."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


class Record(Protocol):
    """What a trainer yields after each generation."""

    generation: int

    def metrics(self) -> dict[str, float]:
        """Returns the generation's numbers."""
        ...


@dataclass(frozen=True)
class Provenance:
    """Where a run came from.

    Attributes:
        tags: short facts: commit, branch, versions, device.
        files: whole texts by file name: the diff of the working folder, the installed packages.
    """

    tags: Mapping[str, str]
    files: Mapping[str, str]


def _silent(line: str) -> None:
    """Says nothing."""


@dataclass(frozen=True)
class Run:
    """What a tracker needs to know of a run.

    Attributes:
        id: the run's own id, the name of its folder.
        title: what people call it.
        folder: `<home>/runs/<id>`, with the journal, the checkpoints and `run.json`.
        params: the resolved config, one flat key per leaf.
        tags: short facts about it, by name; a name without a dot gets the prefix `syntonic.`.
        texts: texts to keep with it, by file name: its config.
        parent: the id of the run that this one belongs to, such as its sweep; None: it stands alone.
        started: seconds since 1970.
        resumed: whether the run goes on from an earlier part.
        say: tells the user something while he waits.
    """

    id: str
    title: str
    folder: Path
    params: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    started: float = 0.0
    resumed: bool = False
    say: Callable[[str], None] = _silent

    @property
    def home(self) -> Path:
        """The root of all runs."""
        return self.folder.parent.parent


@dataclass(frozen=True)
class Ending:
    """How a run ended, for the record.

    Attributes:
        status: FINISHED, FAILED or KILLED.
        step: the last generation.
        results: the centre's final metrics; empty unless FINISHED.
        texts: texts to keep with it, by file name: the traceback of a failure.
        tags: more short facts, as in `Run`.
    """

    status: Status
    step: int
    results: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """Where a run was recorded.

    Attributes:
        run_id: the id under which it is found there.
        store: the store's address, or the folder.
        served: whether a dashboard can be opened on `store`.
        problems: what went wrong with recording; the run itself is not harmed by it.
    """

    run_id: str
    store: str
    served: bool = False
    problems: Sequence[str] = ()


class Tracker(Protocol):
    """Records a run. No method may slow the training or end it: problems go into the receipt."""

    def start(self, run: Run) -> None:
        """Begins, or goes on with, the record of a run; returns at once."""
        ...

    def log(self, record: Record) -> None:
        """Takes one generation; a generation that is recorded already is passed over."""
        ...

    def flush(self) -> None:
        """Makes every generation taken so far survive a kill of the process."""
        ...

    def finish(self, ending: Ending) -> Receipt:
        """Writes what is left and closes the record; waits until it is done."""
        ...
