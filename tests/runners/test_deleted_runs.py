"""A run that was deleted in the dashboard: everything that meets it says so, and what to do."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.cli import main

Command = Callable[..., int]
CONFIGS = str(Path(__file__).parent / "configs")


def moved(folder: Path, stage: str) -> None:
    """Deletes or restores every run, as the dashboard does."""
    with closing(sqlite3.connect(folder / ".syntonic" / "mlflow.db")) as database, database:
        database.execute("UPDATE runs SET lifecycle_stage = ?", [stage])


def test_a_deleted_run_is_told_of_and_can_be_restored(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("trainer.fails_at=5") == 1
    (run,) = runs(folder)
    stored_as = facts(run)["tracked_as"]
    said_of_it = f"run {stored_as} was deleted in the dashboard: restore it there"
    moved(folder, "deleted")
    capsys.readouterr()

    assert main(["ls"]) == 0
    assert said_of_it in capsys.readouterr().out
    assert main(["ls", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"] is True
    assert main(["sync"]) == 0
    assert said_of_it in capsys.readouterr().out
    assert main(["-cd", CONFIGS, "resume=last"]) == 1  # it fails at the same generation again
    said = capsys.readouterr().out
    assert said.count(said_of_it) == 2, "before the run, and in its summary"
    assert main(["sync"]) == 1
    said = capsys.readouterr().out
    assert f"not sent sqlite:///{folder}/.syntonic/mlflow.db: " in said
    assert said.count(said_of_it) == 1

    moved(folder, "active")
    assert main(["sync"]) == 0
    said = capsys.readouterr().out
    assert "sent to" in said
    assert said_of_it not in said
    assert main(["ls"]) == 0
    assert said_of_it not in capsys.readouterr().out


@pytest.mark.parametrize("rows", [True, False], ids=["rows", "client"])
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_both_ways_to_a_store_refuse_it(
    command: Command, folder: Path, rows: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command() == 0
    moved(folder, "deleted")
    (run,) = runs(folder)
    (run / "tracking" / "receipt.json").unlink()
    if not rows:
        monkeypatch.setattr("syntonic.tracking.stores.sqlite.known", lambda path: False)
    assert main(["sync", run.name]) == 1
    assert "was deleted in the dashboard" in capsys.readouterr().out
    with closing(sqlite3.connect(folder / ".syntonic" / "mlflow.db")) as database:
        assert list(database.execute("SELECT status, lifecycle_stage FROM runs")) == [("FINISHED", "deleted")]
        database.execute("DELETE FROM runs")
        database.commit()
    assert main(["sync", run.name]) == 0, "of one that was removed for good there is a new record"
    with closing(sqlite3.connect(folder / ".syntonic" / "mlflow.db")) as database:
        assert list(database.execute("SELECT status, lifecycle_stage FROM runs")) == [("FINISHED", "active")]
