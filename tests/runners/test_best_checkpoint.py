"""The best checkpoint stays when newer ones come, in the folder and in the store, and over an interruption."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from runner_folders import runs

Command = Callable[..., int]

# The fake trainer's rate only rises, so that its lowest is that of the first generation.
BEST = [
    "callbacks=best",
    "callbacks.best_checkpoint.metric=evaluations_per_second",
    "callbacks.best_checkpoint.mode=min",
    "callbacks.checkpoint.every_generations=5",
]


def checkpoints(run: Path) -> list[str]:
    """Returns the names of the checkpoints that are there."""
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def test_the_best_one_is_kept_besides_the_newest(command: Command, folder: Path) -> None:
    assert command(*BEST) == 0
    (run,) = runs(folder)
    assert checkpoints(run) == ["gen-00000001", "gen-00000020"]
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        keys = database.execute("SELECT tag_value FROM logged_model_tags WHERE tag_key = 'syntonic.checkpoint'")
        assert sorted(key for (key,) in keys) == ["gen-00000001", "gen-00000020"]


def test_it_survives_an_interruption(command: Command, folder: Path) -> None:
    assert command("tracking=none", "trainer.fails_at=13", *BEST) == 1
    (run,) = runs(folder)
    assert checkpoints(run) == ["gen-00000001", "gen-00000010"]
    facts = json.loads((run / "checkpoints" / "gen-00000010" / "checkpoint.json").read_text())
    assert facts["callbacks"]["best_checkpoint"]["spared"] == 1
