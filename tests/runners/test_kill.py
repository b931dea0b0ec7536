"""`kill -9`, again and again, at generations of chance: the run ends as if nothing had happened, in one MLflow run."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runner_folders import arrays, runs

from syntonic.runners.cli import main

COMMAND = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
TOTAL = 1200
KILLS = 4
RUN = ["-cn", "digits", f"trainer.max_generations={TOTAL}", "callbacks.checkpoint.every_generations=15"]
OF_TIME = {"speed/evaluations_per_second"}  # metrics that differ from run to run


def start_and_kill(folder: Path, words: list[str], after: int) -> None:
    """Starts a process and kills it once there is a checkpoint of generation `after` or later."""
    child = subprocess.Popen([*COMMAND, *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 240
    while not [path for path in folder.glob(".syntonic/runs/*/checkpoints/gen-*") if int(path.name[4:]) >= after]:
        assert child.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL


def logged(folder: Path) -> dict[tuple[str, int], float]:
    """Returns the one MLflow run of a folder: its metrics by key and step."""
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        assert list(database.execute("SELECT status FROM runs")) == [("FINISHED",)]
        rows = list(database.execute("SELECT key, step, value FROM metrics WHERE key NOT LIKE 'system/%'"))
    found = {(key, step): value for key, step, value in rows}
    assert len(found) == len(rows), "no step twice"
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_kills_at_any_generation_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = sorted(random.sample(range(1, TOTAL - 200), KILLS))
    print("killed after", moments)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    for number, moment in enumerate(moments):
        start_and_kill(killed, ["resume=last"] if number else RUN, moment)
    monkeypatch.chdir(killed)
    assert main(["resume=last"]) == 0
    monkeypatch.chdir(whole)
    assert main(RUN) == 0
    (one,), (other,) = runs(killed), runs(whole)
    assert arrays(one) == arrays(other)
    results = [json.loads((run / "run.json").read_text())["results"] for run in (one, other)]
    assert results[0].keys() == results[1].keys()
    for key in results[0]:
        if not key.startswith("seconds_to_"):  # what the clock says does not follow from the seed
            assert results[0][key] == results[1][key], key
    after, before = logged(killed), logged(whole)
    assert after.keys() == before.keys()
    assert [step for key, step in sorted(after) if key == "train/loss"] == list(range(1, TOTAL + 1))
    assert all(
        after[place] == before[place]
        for place in before
        if place[0] not in OF_TIME and not place[0].startswith("speed/seconds_to_")
    )
