"""A run of Weights & Biases, with the extra `syntonic[wandb]`; nothing is sent unless `WANDB_MODE=online` says so."""

import math
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.journal import Point

FOLDER: Final = "wandb"
_PROJECT: Final = "syntonic"
_MODE: Final = "WANDB_MODE"


class WeightsAndBiases:
    """Writes `wandb/offline-run-*` in a run's folder, which `wandb sync` uploads; `WANDB_MODE=online` sends at once.

    Config, tags, points and final results are what MLflow gets. A resumed run has the id of its first part.
    """

    def __init__(self, run: Run) -> None:
        import wandb

        for old in (run.folder / FOLDER).glob("offline-run-*"):
            shutil.rmtree(old)
        # The terminal, the code and the machine are recorded elsewhere: no second process is to look at them.
        settings = wandb.Settings(
            console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True, x_disable_meta=True
        )
        with _told():
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT", _PROJECT),
                id=run.id,
                name=run.title,
                group=run.tags.get("sweep"),
                config={**run.config, "syntonic": dict(run.tags)},
                dir=run.folder,
                mode=None if _MODE in os.environ else "offline",  # None: wandb reads the variable itself
                resume="allow" if os.environ.get(_MODE) == "online" else None,
                settings=settings,
            )

    def add(self, points: Iterable[Point]) -> None:
        """Hands over a row for each generation; what is NaN stays out."""
        with _told():
            for point in points:
                known = {name: value for name, value in point.metrics.items() if not math.isnan(value)}
                self._run.log(known, step=point.step)

    def close(self, ending: Ending) -> None:
        """Adds the final results and waits until everything is written, or sent."""
        with _told():
            self._run.summary.update(dict(ending.results))
            self._run.finish(exit_code=int(ending.status is not Status.FINISHED))


@contextmanager
def _told() -> Iterator[None]:
    import wandb

    try:
        yield
    except wandb.Error as error:  # its server, its login and its own process: no fault of the run's
        raise OSError(f"wandb: {error}") from error
