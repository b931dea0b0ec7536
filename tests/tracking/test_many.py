"""Sixteen jobs, four at a time, in an empty folder: the store has every point of every one of them, once."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from syntonic.tracking import metric_names

COMMAND = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
JOBS = 16
WORDS = ["-m", "-cn", "xor", f"seed=range(0,{JOBS})", "trainer.max_generations=1050", "sweep.parallel=4"]


@pytest.mark.slow
def test_two_hundred_thousand_points_of_parallel_jobs_arrive_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # the tables are not there yet, so all begin together
    done = subprocess.run([*COMMAND, *WORDS], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted: Counter[tuple[str, str]] = Counter()  # (run, metric): points
    for run in (tmp_path / ".syntonic" / "runs").iterdir():
        own = json.loads((run / "tracking" / "record.json").read_text())["run_id"]
        lines = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
        assert [line["step"] for line in lines] == list(range(1, 1051))
        wanted.update((own, key) for line in lines for key in metric_names.point(line["metrics"]))
        wanted.update((own, key) for key in metric_names.results(json.loads((run / "run.json").read_text())["results"]))
    assert len({run for run, _ in wanted}) == JOBS
    assert sum(wanted.values()) > 200_000
    with sqlite3.connect(tmp_path / ".syntonic" / "mlflow.db") as database:
        assert list(database.execute("PRAGMA integrity_check")) == [("ok",)]
        assert list(database.execute("SELECT DISTINCT status FROM runs")) == [("FINISHED",)]
        (parent,) = database.execute("SELECT DISTINCT value FROM tags WHERE key = 'mlflow.parentRunId'")
        query = "SELECT run_uuid, key, COUNT(*), COUNT(DISTINCT step) FROM metrics WHERE run_uuid <> ? "
        rows = list(database.execute(f"{query} AND key NOT LIKE 'system/%' GROUP BY 1, 2", parent))
    assert {(run, key): points for run, key, points, _ in rows} == wanted
    assert all(points == steps for _, _, points, steps in rows), "no step twice"
