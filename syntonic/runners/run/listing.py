"""How the runs of a home stand, read from their folders: nothing has to be installed, running or reachable for that."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.folder import RunFacts, RunFolder, home, read
from syntonic.tracking.base import Status
from syntonic.tracking.journal import JOURNAL, Point, Tail
from syntonic.tracking.outbox import Outbox, OutboxError

_ENOUGH: Final = 1 << 16  # bytes at the end of a journal that hold its last line


@dataclass(frozen=True)
class Seen:
    """A run as its folder shows it.

    Attributes:
        facts: what the run is.
        path: its folder.
        status: how it stands; a run whose process is gone is KILLED.
        point: the last generation.
        results: the final metrics, empty if there are none.
        delivered: whether its store has everything; None if it is not tracked.
    """

    facts: RunFacts
    path: Path
    status: Status
    point: Point | None
    results: Mapping[str, float] = field(default_factory=dict)
    delivered: bool | None = None

    @property
    def generation(self) -> int:
        """The last generation that was measured."""
        return self.point.step if self.point else 0

    @property
    def total(self) -> str:
        """The generations of the whole run, a question mark if its config does not say."""
        trainer = self.facts.config.get("trainer")
        total = trainer.get("max_generations") if isinstance(trainer, dict) else None
        return str(total) if type(total) is int else "?"


def survey() -> tuple[list[Seen], list[str]]:
    """Returns every run under the home, the latest first, and what is wrong with the folders that are none."""
    seen: list[Seen] = []
    faults: list[str] = []
    for path in (home() / "runs").glob("*/run.json"):
        try:
            seen.append(look(read(path.parent)))
        except RequestError as error:
            faults += error.faults
    return sorted(seen, key=lambda run: run.facts.started, reverse=True), faults


def look(folder: RunFolder) -> Seen:
    """Returns how a run stands; one whose process is gone is written down as KILLED."""
    if folder.facts.status is Status.RUNNING:
        _bury(folder)
    results: Mapping[str, float] = {}
    delivered: bool | None = None
    outbox = Outbox(folder.path)
    try:
        request, end, receipt = outbox.read_request(), outbox.read_end(), outbox.read_receipt()
        results = end.ending.results if end else {}
        delivered = (receipt is not None and receipt.whole) if request is not None and request.tracked else None
    except OutboxError:
        pass  # `doctor` names it
    return Seen(folder.facts, folder.path, folder.facts.status, _last(folder.path / JOURNAL), results, delivered)


def find(wanted: str) -> Seen:
    """Returns the run that `wanted` means: "last", an id, or the first letters of one.

    Raises:
        RequestError: if there is no such run, or more than one.
    """
    runs, _ = survey()
    if not runs:
        raise RequestError([f"there is no run in {home()}; start one with `syntonic-run`"])
    if wanted == "last":
        return runs[0]
    found = [run for run in runs if any(name.startswith(wanted) for name in run.facts.ids)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{run.facts.id} ({run.facts.title})" for run in (found or runs)[:5])
    if found:
        raise RequestError([f"{wanted}: {len(found)} runs begin with that; choose from {listed}"])
    hint = "; did you mean 'last'?" if get_close_matches(wanted, ["last"]) else f"; the latest are {listed}"
    raise RequestError([f"{wanted}: there is no such run in {home()}{hint}"])


def ago(moment: float) -> str:
    """Returns how long ago a moment was, in one number.

    >>> import time
    >>> ago(time.time() - 7200)
    '2 h ago'
    """
    seconds = max(0.0, time.time() - moment)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _bury(folder: RunFolder) -> None:
    # The folder's lock is let go by the system when its process ends, however it ends. A process of another machine,
    # which may share the disk and not the locks, cannot be asked.
    try:
        request = Outbox(folder.path).read_request()
        if request is not None and request.process.alive() is not False:
            return
        folder.take()
    except (RequestError, OutboxError, OSError):
        return
    try:
        folder.update(status=Status.KILLED)
    except OSError:
        pass  # a disk that cannot be written to shows the run as it was left
    finally:
        folder.release()


def _last(journal: Path) -> Point | None:
    if not journal.is_file():
        return None
    tail = Tail(journal)
    size = journal.stat().st_size
    if size > _ENOUGH:
        with journal.open("rb") as file:
            file.seek(size - _ENOUGH)
            file.readline()
            tail.position = file.tell()
    return max(tail.new(), key=lambda point: point.step, default=None)
