"""The sweep's own entry in the tracking store: the parent of its runs, whose page tells the result."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from syntonic.core import registry
from syntonic.core.status import Status
from syntonic.runners.config.run_config import flattened
from syntonic.runners.run.folder import home
from syntonic.runners.sweep.folder import SweepFolder
from syntonic.tracking import provenance
from syntonic.tracking.base import Ending, Receipt, Run
from syntonic.tracking.guard import Guarded

_PATIENCE: Final = 30.0  # seconds that a store may take to open before the runs start without a parent
_INTERVAL: Final = 0.1  # seconds between two looks at whether to stop


class Parent:
    """Opens the entry, tells its id to the runs, and closes it with the result.

    Args:
        folder: of the sweep.
        config: what the points have in common, plain.
        space: what is swept, as text by key.
    """

    def __init__(self, folder: SweepFolder, config: Mapping[str, Any], space: Mapping[str, str]) -> None:
        self._folder, self._config, self._space = folder, config, space
        self._known = threading.Event()
        self._id = folder.facts.tracked_as or ""
        section = dict(config["tracking"])
        self._tracks = section["name"] != "none"
        cls = registry.lookup("tracking", section.pop("name"))
        self._tracker = Guarded(cls(**section))

    def open(self) -> None:
        """Begins or resumes the entry; returns at once."""
        facts = self._folder.facts
        plain = {**self._config, "sweep": dict(self._space)}
        run = Run(
            id=facts.id,
            title=facts.title,
            folder=self._folder.path,
            home=home(),
            config=plain,
            params={key: str(value) for key, value in flattened(plain)},
            provenance=lambda: provenance.gather(
                config_digest=facts.id, device=str(self._config.get("device")), seed=int(self._config.get("seed", 0))
            ),
            remember=self._remember,
            resumed=facts.tracked_as is not None,
            tracked_as=facts.tracked_as,
            tags={"sweep": facts.id, "kind": "sweep"},
        )
        self._tracker.start(run)

    def id(self, stopped: Callable[[], bool]) -> str:
        """Returns the store's id of the entry, once it is known or `stopped()`; empty if there is none."""
        deadline = time.monotonic() + _PATIENCE
        while self._tracks and not self._known.wait(_INTERVAL) and not stopped():
            if time.monotonic() > deadline:
                break
        return self._id

    def close(
        self, status: Status, results: Mapping[str, float], note: str, texts: Mapping[str, str], logs: Path
    ) -> Receipt:
        """Closes the entry.

        Args:
            status: of the sweep.
            results: figures of the best point.
            note: what a reader sees first, in Markdown.
            texts: files to keep with it.
            logs: the folder of the runs' logs.
        """
        folders = {"logs": logs} if any(logs.iterdir()) else {}
        return self._tracker.finish(Ending(status, 0, results, folders, texts, note))

    def _remember(self, tracked_as: str) -> None:
        self._id = tracked_as
        self._folder.update(tracked_as=tracked_as)
        self._known.set()
