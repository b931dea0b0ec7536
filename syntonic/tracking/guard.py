"""Keeps a run safe from its tracker: whatever a tracker raises, the training continues and its result is kept."""

import contextlib

from syntonic.tracking.base import Ending, Receipt, Record, Run, Tracker


class Guarded:
    """A tracker that never raises: the first failure is kept for the receipt, and after it nothing more is sent.

    Args:
        tracker: the one that does the work.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._problem: str | None = None
        self._run: Run | None = None

    def prepare(self) -> None:
        """Passes the wish on; what is wrong comes out at `start`."""
        with contextlib.suppress(Exception):
            self._tracker.prepare()

    def dismiss(self) -> None:
        """Passes the wish on."""
        with contextlib.suppress(Exception):
            self._tracker.dismiss()

    def start(self, run: Run) -> None:
        """Begins the record."""
        self._run = run
        try:
            self._tracker.start(run)
        except Exception as error:  # a tracker of any make may raise anything
            self._failed("could not start", error)

    def log(self, record: Record) -> None:
        """Passes one generation on."""
        if self._problem is None:
            try:
                self._tracker.log(record)
            except Exception as error:
                self._failed(f"stopped at generation {record.generation}", error)

    def flush(self, *, last: bool = False) -> None:
        """Passes the wish on."""
        if self._problem is None:
            try:
                self._tracker.flush(last=last)
            except Exception as error:
                self._failed("could not write", error)

    def finish(self, ending: Ending) -> Receipt:
        """Closes the record as far as that is possible."""
        try:
            receipt = self._tracker.finish(ending)
        except Exception as error:
            self._failed("could not be closed", error)
            run_id, store = (self._run.id, str(self._run.folder)) if self._run else ("", "")
            receipt = Receipt(run_id=run_id, store=store)
        problems = [*([self._problem] if self._problem else []), *receipt.problems]
        return Receipt(receipt.run_id, receipt.store, receipt.served, problems)

    def _failed(self, what: str, error: Exception) -> None:
        self._problem = self._problem or f"tracking {what}: {type(error).__name__}: {error}"
