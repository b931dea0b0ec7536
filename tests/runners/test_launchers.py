"""Runs side by side, and what is left of them after Ctrl-C, SIGTERM and SIGKILL: nothing but what can go on."""

import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from runner_folders import arrays, facts, runs
from runner_processes import PATIENCE, SLOW, finished, processes, start, under_way, wait_until

from syntonic.core import registry

Command = Callable[..., int]
PLACES = {"basic": [], "local": ["hydra/launcher=local"], "joblib": ["hydra/launcher=joblib"]}
EXTRAS = {
    "submitit": ["hydra/launcher=submitit", "hydra.launcher.cluster=local"],
}
IF_INSTALLED = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed: syntonic[{name}]"),
    )
    for name in EXTRAS
]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("launcher", [*PLACES, *IF_INSTALLED])
def test_a_signal_leaves_no_process_and_the_rest_is_done_later(folder: Path, launcher: str) -> None:
    number = signal.SIGINT if launcher in ("basic", "joblib", "submitit") else signal.SIGTERM
    chosen = {**PLACES, **EXTRAS}[launcher]
    words = [*SLOW, "tracking=none", *chosen, *([] if launcher == "basic" else ["sweep.parallel=2"])]
    child = start(folder, *words)
    wait_until(lambda: under_way(folder), child)
    if launcher == "submitit":  # as a terminal does it: to every process of the session that is not on its own
        os.killpg(child.pid, number)
    else:
        child.send_signal(number)
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 128 + number, said
    assert "Traceback" not in said
    assert processes(folder) == []
    done = finished(folder)
    begun = {run.name for run in runs(folder)}
    assert {facts(run)["status"] for run in runs(folder)} == {"FINISHED", "KILLED"}
    assert "sweep.resume=last" in said
    (folder / "go").touch()
    again = start(folder, *words)
    said, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    assert said.count("as before") == done
    assert len(runs(folder)) == 4, "interrupted runs went on in their own folders"
    assert begun <= {run.name for run in runs(folder)}
    assert finished(folder) == 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("launcher", ["local", "joblib"])
def test_the_processes_of_a_sweep_that_was_killed_end_by_themselves(folder: Path, launcher: str) -> None:
    child = start(folder, *SLOW, "tracking=none", f"hydra/launcher={launcher}", "sweep.parallel=2")
    wait_until(lambda: under_way(folder), child)
    child.kill()
    child.communicate()
    deadline = time.monotonic() + PATIENCE
    while processes(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {facts(run)["status"] for run in runs(folder)} == {"FINISHED", "KILLED"}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["local", *IF_INSTALLED])
def test_a_process_that_dies_fails_its_run_and_no_other(folder: Path, launcher: str) -> None:
    words = ["-m", "tracking=none", "trainer.dies_at=3,null", *{**PLACES, **EXTRAS}[launcher]]
    child = start(folder, *words, "sweep.parallel=1")
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 1, said
    assert said.count("failed: trainer.dies_at=3") == 1
    if launcher == "local":
        assert said.count("its process ended with 7") == 2, "when it happens, and in the end"
    assert finished(folder) == 1


@pytest.mark.parametrize("name", EXTRAS)
def test_a_launcher_that_is_not_installed_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda package: None)
    with pytest.raises(ValueError, match=rf"pip install 'syntonic\[{name}\]'"):
        registry.lookup("launcher", name)(None)


def test_every_launcher_comes_to_the_same_bits(command: Command, folder: Path) -> None:
    found = []
    for words in PLACES.values():
        assert command("-m", "tracking=none", "seed=0,1", "sweep.skip_finished=false", *words) == 0
        found.append(sorted(arrays(run) for run in runs(folder)[-2:]))
    assert found[0] == found[1] == found[2]


def test_each_place_has_its_gpu_and_its_threads(command: Command, folder: Path) -> None:
    words = ["-m", "tracking=none", "seed=0,1", "hydra/launcher=local", "hydra.launcher.gpus=[3,5]"]
    assert command(*words, "trainer.shows_environment=true", "trainer.seconds=0.02", "hydra.launcher.threads=7") == 0
    logs = [path.read_text() for path in folder.glob(".syntonic/sweeps/*/logs/*.log")]
    seen = sorted(line for log in logs for line in log.splitlines() if line.startswith("place"))
    assert seen == ["place GPU 3 threads 7", "place GPU 5 threads 7"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_is_killed_in_mlflow_for_parent_and_children(folder: Path) -> None:
    words = ["-m", "trainer.slow_until=go", "trainer.max_generations=400", "seed=0,1"]
    words += ["hydra/launcher=local", "sweep.parallel=2"]
    child = start(folder, *words)
    wait_until(lambda: len(list(folder.glob(".syntonic/runs/*/journal.jsonl"))) == 2, child)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, said
    assert processes(folder) == []
    assert statuses(folder) == Counter(KILLED=3)
    (folder / "go").touch()
    again = start(folder, *words)
    said, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    assert statuses(folder) == Counter(FINISHED=3)


def statuses(folder: Path) -> Counter[str]:
    """Returns how many MLflow runs there are of each status."""
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        return Counter(status for (status,) in database.execute("SELECT status FROM runs"))


def test_a_pool_that_cannot_start_is_one_line(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("joblib.externals.loky.get_reusable_executor", refuse)
    assert command("-m", "tracking=none", "seed=0,1", "hydra/launcher=joblib") == 2
    said = capsys.readouterr().err
    assert "hydra/launcher=joblib: its pool cannot be started: [Errno 13] Permission denied" in said
    assert "Traceback" not in said
    assert runs(folder) == []
