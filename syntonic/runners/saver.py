"""Writes a run's checkpoints and keeps as many as were asked for."""

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

    def save(self, generation: int, *, ended: bool = False) -> None:
        """Writes a checkpoint after `generation`; the points up to it are made safe first."""
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

    def keep_model(self, config: RunConfig) -> None:
        """Writes the trained model by itself, in a form that others can load."""
        try:
            kept_model.write(self._folder.path / "model", self._parts, config)
        except OSError as error:
            self.problems.append(f"the trained model was not written by itself: {error}")
