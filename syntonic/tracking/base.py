"""What the runner and a tracker say to each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from syntonic.core.status import Status as Status


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
        folder: holds the journal, the checkpoints and `run.json`.
        home: the root of all runs, where a local store lies; the folder is `<home>/runs/<id>`, or beside `runs`.
        config: the resolved config, plain data.
        params: the same, one flat key per leaf.
        provenance: gathers where the run comes from; None: the tracker does, where it takes no time from the training.
        remember: is told the tracker's id of the run once it is known, in a thread; None: it is not asked for.
        resumed: whether the run resumes an earlier part.
        tracked_as: the id that the tracker gave the earlier part, None if it gave none.
        parent: the tracker's id of the sweep that the run is a point of, None if it is none or has no record.
        tags: short facts that are known before the run begins, such as the sweep and the point.
        inputs: the SHA-256 of each data set that the run reads, by its name.
        started: seconds since 1970.
        say: tells the user something while he waits.
    """

    id: str
    title: str
    folder: Path
    home: Path
    config: Mapping[str, Any]
    params: Mapping[str, str]
    provenance: Callable[[], Provenance] | None = None
    remember: Callable[[str], None] | None = None
    resumed: bool = False
    tracked_as: str | None = None
    parent: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    started: float = 0.0
    say: Callable[[str], None] = _silent


@dataclass(frozen=True)
class Ending:
    """How a run ended, for the record.

    Attributes:
        status: FINISHED, FAILED or KILLED.
        step: the last generation.
        results: the centre's final metrics; empty unless FINISHED.
        folders: folders to keep with the record, by the name that they get there; they lie in the run's folder.
        texts: texts to keep with it, by file name: the traceback of a failure.
        note: what a reader of the record should see first, in Markdown.
        tags: more short facts, as in `Run`.
    """

    status: Status
    step: int
    results: Mapping[str, float] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Past:
    """A finished run that a tracker knows of.

    Attributes:
        digest: of its config: runs with the same one come to the same results.
        core: the core library that computed it.
        results: the centre's final metrics.
    """

    run_id: str
    digest: str
    core: str
    results: Mapping[str, float]


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

    def prepare(self) -> None:
        """Gets ready for `start` while the rest of the run is being built; writes nothing and returns at once."""
        ...

    def dismiss(self) -> None:
        """Takes `prepare` back if there was no `start`."""
        ...

    def start(self, run: Run) -> None:
        """Begins or resumes the record of a run; returns at once. It may be called without `prepare`."""
        ...

    def log(self, record: Record) -> None:
        """Takes one generation; a generation that is recorded already is passed over."""
        ...

    def flush(self, *, last: bool = False) -> None:
        """Makes every generation taken so far survive a kill of the process; `last`: no generation follows."""
        ...

    def finish(self, ending: Ending) -> Receipt:
        """Writes what is left and closes the record; waits until it is done."""
        ...


class Archive(Protocol):
    """Remembers runs, so that a sweep need not run a point twice. Every tracker is one."""

    def finished(self, home: Path) -> Sequence[Past]:
        """Returns the finished runs of this tracker's store and experiment, as far as it keeps any."""
        ...
