"""A tracking server that goes away in the middle of a run and comes back: the run goes on and every point arrives."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking import writer
from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.courier import Courier, request
from syntonic.tracking.outbox import Outbox, opened

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Server:
    """An MLflow server with one worker, as `syntonic-run ui` starts it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self._folder}/server.db"]
        command += ["--artifacts-destination", str(self._folder / "artifacts")]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, process_group=0)
        deadline = time.monotonic() + 300
        while not self.answers():
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        """Ends it, with its worker."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


def histories(server: Server, run_id: str) -> Any:
    """Returns the run, and how often each step of a metric is there."""
    from mlflow import MlflowClient

    client = MlflowClient(server.uri)
    return client.get_run(run_id), sorted(metric.step for metric in client.get_metric_history(run_id, "m001"))


def test_a_server_that_comes_back_gets_every_point(run: Run, server: Server, steps: Callable[..., Any]) -> None:
    kept = run.folder / "checkpoints" / "gen-00000300"
    kept.mkdir(parents=True)
    (kept / "state.safetensors").write_bytes(b"x")
    courier = Courier(run, request(run, server.uri, "syntonic"), server.uri, served=False)
    for step in steps(1, 101):
        courier.log(step)
    deadline = time.monotonic() + 60
    while Outbox(run.folder).read_filed() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)
    server.stop()
    for step in steps(101, 201):
        courier.log(step)
    courier.flush()
    time.sleep(1.5)
    server.start()
    for step in steps(201, 301):
        courier.log(step)
    receipt = courier.finish(Ending(Status.FINISHED, 300, {"test_accuracy": 0.5}))
    with opened(run.folder) as outbox:  # on a slow machine its last attempt may have come before the server did
        assert writer.deliver(outbox, patience=60.0)
    found, logged = histories(server, receipt.run_id)
    assert found.info.status == "FINISHED"
    assert logged == list(range(1, 301))
    assert found.data.metrics["test_accuracy"] == 0.5
    assert len(found.outputs.model_outputs) == 1


def test_what_was_measured_without_a_server_is_sent_when_it_is_there(
    run: Run, server: Server, steps: Callable[..., Any]
) -> None:
    server.stop()
    courier = Courier(run, request(run, server.uri, "syntonic"), server.uri, served=False)
    for step in steps(1, 51):
        courier.log(step)
    began = time.monotonic()
    receipt = courier.finish(Ending(Status.KILLED, 50))
    assert time.monotonic() - began < 60
    assert "everything is kept in" in receipt.problems[0]
    server.start()
    for _ in range(2):
        with opened(run.folder) as outbox:
            assert writer.deliver(outbox, patience=60.0)
    filed = Outbox(run.folder).read_filed()
    assert filed is not None
    found, logged = histories(server, filed.run_id)
    assert found.info.status == "KILLED"
    assert logged == list(range(1, 51))
