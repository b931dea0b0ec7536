"""Writes a run's checkpoints and keeps as many as were asked for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.own.source import kept
from syntonic.runners.run import analysis, kept_model
from syntonic.runners.run.build import Parts
from syntonic.runners.run.folder import RunFolder
from syntonic.tracking import checkpoint, provenance
from syntonic.tracking.base import Tracker
from syntonic.tracking.fallback import fallback_folder, fallback_used
from syntonic.tracking.outcome import Outcome


class Saver:
    """Saves the state of a run; a disk that refuses is a warning, never the end of the training."""

    def __init__(self, folder: RunFolder, parts: Parts, tracker: Tracker) -> None:
        """Keeps as many of the newest checkpoints as the config's callbacks say, and those that they spare."""
        self._problems: list[str] = []
        self._refused: list[tuple[int, OSError]] = []
        self._folder, self._parts, self._tracker = folder, parts, tracker
        self._id = folder.record.id
        self._keep = max((getattr(callback, "keep", 1) for callback in parts.callbacks.values()), default=1)
        self._versions = provenance.versions()

    def save(self, generation: int, *, ended: bool = False, last: bool = False) -> None:
        """Writes a checkpoint after `generation`; the points up to it are made safe first.

        Args:
            generation: generations done.
            ended: whether the run is over with it.
            last: whether nothing else is left of the run: if its folder refuses it, it is saved elsewhere.
        """
        self._tracker.flush(last=last)
        arrays, meta = self._parts.trainer.state_dict()
        state = checkpoint.Checkpoint(
            generation=generation,
            arrays=arrays,
            meta=meta,
            callbacks={key: callback.state() for key, callback in self._parts.callbacks.items()},
            config=self._folder.record.config,
            versions=self._versions,
            ended=ended,
        )
        try:
            checkpoint.write(self._folder.checkpoints, state)
            wished = (getattr(callback, "spared", None) for callback in self._parts.callbacks.values())
            spared = {number for number in wished if number is not None}
            checkpoint.prune(self._folder.checkpoints, self._keep, spared)
        except OSError as error:
            self._refused.append((generation, error))
            if last:  # what was trained must not be lost because one disk is full
                self._attempt(lambda: checkpoint.write(fallback_folder(self._id) / "checkpoints", state))
        if last:
            self._tracker.flush(last=True)  # the checkpoint is there

    def keep_model(self, config: RunConfig) -> None:
        """Writes the trained model by itself, in a form that others can load."""
        own = kept(self._folder.record.uses, self._folder.path)
        try:
            kept_model.write(self._folder.path / "model", self._parts, config, own)
        except OSError as error:
            self._problems.append(f"{self._folder.path} did not take the trained model: {error}")
            self._attempt(lambda: kept_model.write(fallback_folder(self._id) / "model", self._parts, config, own))

    def keep_analysis(self, generation: int) -> None:
        """Writes down what the trained model depends on, for the report; what fails here loses that section alone."""
        try:
            found = analysis.at_the_end(self._id, generation, self._parts.benchmark, self._parts.model)
            if found is not None:
                found.write(self._folder.path)
        except Exception as error:
            self._problems.append(f"the report has no sensitivity and spectra: {type(error).__name__}: {error}")

    def keep_outcome(self, gather: Callable[[], Outcome]) -> Outcome:
        """Writes down what the run came to, and returns it; a benchmark that fails here must not lose the run's end."""
        found = Outcome()
        try:
            found = gather()
            found.write(self._folder.path)
        except Exception as error:
            self._problems.append(f"what the run came to is not known: {type(error).__name__}: {error}")
        return found

    def conclude(self, failure: str, **changes: Any) -> None:  # noqa: ANN401 (each field has its own type)
        """Writes down how the run ended: `changes` as in `RunFolder.update`, and the traceback of a failure."""
        try:
            self._folder.update(**changes)
            if failure:
                (self._folder.path / "traceback.txt").write_text(failure, encoding="utf-8")
        except OSError as error:
            self._problems.append(f"{self._folder.path} does not say how the run ended: {error}")
            self._attempt(lambda: replace(self._folder.record, folder=fallback_folder(self._id)).write())

    @property
    def problems(self) -> list[str]:
        """What could not be written and why, and where it was saved instead."""
        found = list(self._problems)
        if self._refused:
            generation, error = self._refused[0]
            more = f", nor of {len(self._refused) - 1} later ones" if len(self._refused) > 1 else ""
            found.insert(0, f"no checkpoint of generation {generation}{more}: {error}")
        if place := fallback_used(self._id):
            back = f"make room, `cp -r {place}/. {self._folder.path}`, and `syntonic-run sync`"
            found.append(f"what the disk did not take was saved in {place} instead; {back}")
        return found

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self._problems.append(f"it could not be saved elsewhere either: {error}")
