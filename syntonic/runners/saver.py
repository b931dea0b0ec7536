"""Writes a run's checkpoints and keeps as many as were asked for."""

import tempfile
from pathlib import Path

from syntonic.runners import kept_model
from syntonic.runners.build import Parts
from syntonic.runners.config import RunConfig
from syntonic.runners.run_folder import RunFolder
from syntonic.tracking import checkpoint, provenance
from syntonic.tracking.base import Tracker


class Saver:
    """Saves the state of a run; a disk that refuses is a warning, never the end of the training.

    Attributes:
        problems: what could not be written, and why.
        newest: the folder of the last checkpoint that was written.
    """

    def __init__(self, folder: RunFolder, parts: Parts, tracker: Tracker) -> None:
        """Keeps as many checkpoints as the config's `checkpoint` callback says, one without it."""
        self.problems: list[str] = []
        self.newest: Path | None = None
        self._folder, self._parts, self._tracker = folder, parts, tracker
        self._keep = max((getattr(callback, "keep", 1) for callback in parts.callbacks.values()), default=1)
        self._versions = provenance.versions()

    def save(self, generation: int, *, ended: bool = False, last: bool = False) -> None:
        """Writes a checkpoint after `generation`; the points up to it are made safe first.

        Args:
            generation: generations done.
            ended: whether the run is over with it.
            last: whether nothing else is left of the run: if its folder refuses it, it is saved elsewhere.
        """
        self._tracker.flush()
        arrays, meta = self._parts.trainer.state_dict()
        state = checkpoint.Checkpoint(
            generation=generation,
            arrays=arrays,
            meta=meta,
            callbacks={key: callback.state() for key, callback in self._parts.callbacks.items()},
            config=self._folder.facts.config,
            versions=self._versions,
            ended=ended,
        )
        try:
            self.newest = checkpoint.write(self._folder.checkpoints, state)
            checkpoint.prune(self._folder.checkpoints, self._keep)
        except OSError as error:
            self.problems.append(f"no checkpoint of generation {generation}: {error}")
            if last:
                self._save_elsewhere(state)

    def _save_elsewhere(self, state: checkpoint.Checkpoint) -> None:
        # What was trained must not be lost because one disk is full.
        place = Path(tempfile.gettempdir()) / f"syntonic-{self._folder.facts.id}"
        try:
            self.newest = checkpoint.write(place, state)
        except OSError as error:
            self.problems.append(f"{place} cannot be written either: {error}")
        else:
            way_back = f"make room, and copy it into {self._folder.checkpoints} to go on from it"
            self.problems.append(f"the last checkpoint was saved as {self.newest} instead; {way_back}")

    def keep_model(self, config: RunConfig) -> None:
        """Writes the trained model by itself, in a form that others can load."""
        try:
            kept_model.write(self._folder.path / "model", self._parts, config)
        except OSError as error:
            self.problems.append(f"the trained model was not written by itself: {error}")
