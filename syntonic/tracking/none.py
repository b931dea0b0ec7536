"""No tracking server: the run's own folder is the record."""

from collections.abc import Sequence
from pathlib import Path

from syntonic.core.registry import register
from syntonic.tracking.base import Ending, Past, Receipt, Record, Run
from syntonic.tracking.client import request
from syntonic.tracking.copies import Copies, Format
from syntonic.tracking.journal import JOURNAL, Journal
from syntonic.tracking.spool import Spool


@register("tracking", "none")
class NoTracker:
    """Keeps the points in the run's journal and the final result in its `run.json`, nothing else.

    Args:
        also: files for other programs, in the run's folder: `csv`, `tensorboard` and `wandb`.

    Raises:
        ValueError: if the package that one of them needs is not installed.
    """

    _journal: Journal
    _folder: Path
    _spool: Spool

    def __init__(self, *, also: Sequence[Format] = ()) -> None:
        self._copies = Copies(also)

    def prepare(self) -> None:
        """Has nothing to get ready."""

    def dismiss(self) -> None:
        """Has nothing to take back."""

    def start(self, run: Run) -> None:
        """Opens the journal, and writes down what `syntonic-run sync --to` would need."""
        self._folder = run.folder
        self._spool = Spool(run.folder)
        self._spool.begin(request(run, None, "syntonic", tracked=False))
        self._journal = Journal(run.folder / JOURNAL, run.started)
        self._copies.start(run)
        self._id = run.id

    def log(self, record: Record) -> None:
        """Adds a generation to the journal."""
        self._journal.append(record.generation, record.metrics())

    def flush(self, *, last: bool = False) -> None:
        """Writes the journal to the disk."""
        self._journal.flush()
        self._copies.update()

    def finish(self, ending: Ending) -> Receipt:
        """Closes the journal."""
        self._journal.close()
        self._copies.finish(ending)
        self._spool.end(ending, self._journal.now())
        return Receipt(run_id=self._id, store=str(self._folder), problems=self._copies.problems)

    def finished(self, home: Path) -> Sequence[Past]:
        """Returns nothing: what is finished stands in the folders of the runs."""
        return ()
