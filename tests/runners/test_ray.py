"""Runs on a Ray cluster of three nodes: a signal, a node that is lost, a process that dies, and no cluster at all."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import HERE
from runner_folders import arrays, facts, runs
from runner_processes import PATIENCE, SLOW, finished, processes, start, under_way, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: syntonic[ray]"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
Command = Callable[..., int]


class Cluster:
    """A cluster in processes of its own."""

    def __init__(self, folder: Path) -> None:
        script = [sys.executable, str(HERE / "ray_cluster.py")]
        with (folder / "cluster.log").open("wb") as log:
            pipe = subprocess.PIPE
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
            # What one of Ray's many processes has compiled serves the others, and they are not to come last.
            environment |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "RAY_worker_niceness": "0"}
            self._process = subprocess.Popen(script, stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment)
        self.address = self._said()
        if not self.address:
            self.close()
            raise AssertionError((folder / "cluster.log").read_text())

    def lose(self, pid: int) -> None:
        """Kills the node that a process works for; another one comes in its place."""
        assert self._process.stdin is not None
        print("lose", pid, file=self._process.stdin, flush=True)
        assert self._said() == "lost"

    def close(self) -> None:
        """Ends it."""
        self._process.communicate(timeout=PATIENCE)

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all tests: it takes its time to start."""
    for tries in range(3):
        try:
            cluster = Cluster(tmp_path_factory.mktemp("ray"))
            break
        except (
            AssertionError
        ):  # Ray gives its nodes 30 seconds, and no way to give them more: a busy machine tries again
            if tries == 2:
                raise
    yield cluster
    cluster.close()


def on(cluster: Cluster) -> list[str]:
    """Returns the words that choose the cluster."""
    return ["tracking=none", "hydra/launcher=ray", f"hydra.launcher.address={cluster.address}"]


def test_a_signal_leaves_no_process_and_the_rest_is_done_later(folder: Path, cluster: Cluster) -> None:
    child = start(folder, *SLOW, *on(cluster))
    wait_until(lambda: under_way(folder), child)
    computing = [worker(run) for run in under_way(folder)]
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, said
    assert processes(folder) == []
    wait_for_the_end_of(computing)
    assert {facts(run)["status"] for run in runs(folder)} == {"FINISHED", "KILLED"}
    done = finished(folder)
    (folder / "go").touch()
    again = start(folder, *SLOW, *on(cluster))
    said, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, said
    assert said.count("as before") == done
    assert finished(folder) == len(runs(folder)) == 4


def test_the_runs_of_a_sweep_that_was_killed_end_by_themselves(folder: Path, cluster: Cluster) -> None:
    child = start(folder, *SLOW, *on(cluster))
    wait_until(lambda: under_way(folder), child)
    computing = [worker(run) for run in under_way(folder)]
    child.kill()
    child.communicate()
    wait_for_the_end_of(computing)
    deadline = time.monotonic() + PATIENCE
    while processes(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_whose_node_is_lost_goes_on_elsewhere_to_the_same_bits(
    command: Command, folder: Path, cluster: Cluster
) -> None:
    words = ["-m", "trainer.slow_until=go", "trainer.max_generations=200", "seed=0,1"]
    words += ["callbacks.checkpoint.every_generations=4"]
    child = start(folder, *words, *on(cluster))
    wait_until(lambda: any(folder.glob(".syntonic/runs/*/checkpoints/gen-*")), child)
    lost = next(folder.glob(".syntonic/runs/*/checkpoints/gen-*")).parents[1]
    cluster.lose(worker(lost))
    (folder / "go").touch()
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, said
    assert finished(folder) == len(runs(folder)) == 2, "in its own folder"
    logs = [path.read_text() for path in folder.glob(".syntonic/sweeps/*/logs/*.log")]
    assert sum("resumed after generation" in log for log in logs) == 1
    steps = [json.loads(line)["step"] for line in (lost / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 201)), "every generation once"
    found = sorted(arrays(run) for run in runs(folder))
    assert command(*words, "tracking=none", "sweep.skip_finished=false") == 0
    assert sorted(arrays(run) for run in runs(folder)[2:]) == found


def test_a_process_that_dies_fails_its_run_and_no_other(folder: Path, cluster: Cluster) -> None:
    child = start(folder, "-m", "trainer.dies_at=3,null", "seed=0,1", *on(cluster))
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 1, said
    assert said.count("failed: trainer.dies_at=3") == 2
    assert "WorkerCrashedError" in said
    assert finished(folder) == 2


def test_a_fitness_of_one_s_own_comes_to_the_nodes(folder: Path, cluster: Cluster) -> None:
    (folder / "mine.py").write_text(
        "def fitness(parameters):\n    return -abs(parameters['layers.0.bias'].tolist()[0] - 1)\n"
    )
    words = ["benchmark=python", "benchmark.function=mine:fitness", "model.hidden=[]", "trainer.max_generations=3"]
    command = [sys.executable, "-m", "syntonic", "-m", *words, "seed=0,1", *on(cluster)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert finished(folder) == 2
    assert [[use["name"] for use in facts(run)["uses"]] for run in runs(folder)] == [["mine.py"]] * 2


def test_no_cluster_is_one_line(folder: Path) -> None:
    child = start(folder, "-m", "seed=0,1", "tracking=none", "hydra/launcher=ray", "hydra.launcher.address=127.0.0.1:9")
    said, _ = child.communicate(timeout=PATIENCE)
    assert child.returncode == 2, said
    assert "hydra.launcher.address=127.0.0.1:9: " in said
    assert "`ray start --head`" in said
    assert "Traceback" not in said
    assert processes(folder) == []


def test_a_signal_is_heard_while_a_cluster_does_not_answer(folder: Path) -> None:
    with socket.create_server(("", 0)) as silent:  # on every address: Ray puts this machine's own for 127.0.0.1
        silent.settimeout(PATIENCE)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        words = ["-m", "seed=0,1", "tracking=none", "hydra/launcher=ray", f"hydra.launcher.address={address}"]
        child = start(folder, *words)
        kept = [silent.accept() for _ in range(2)]  # the question whether anybody is there, and then Ray
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=PATIENCE / 2)
        for connection, _ in kept:
            connection.close()
    assert child.returncode == 130, said
    assert said.count("not run") == 2
    assert processes(folder) == []


def worker(run: Path) -> int:
    """Returns the process that computes a run."""
    return int(json.loads((run / "tracking" / "request.json").read_text())["process"]["pid"])


def wait_for_the_end_of(computing: list[int]) -> None:
    """Waits until Ray has ended the processes of tasks that are over."""
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in computing):
        assert time.monotonic() < deadline
        time.sleep(0.05)
