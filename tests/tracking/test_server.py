"""A tracking server that goes away in the middle of a run and comes back, or wants a password: every point arrives."""

import base64
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from syntonic.tracking import writer
from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.client import Client, request
from syntonic.tracking.spool import Spool, opened

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Server:
    """An MLflow server with one worker, as `syntonic-run ui` starts it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder, self.artifacts = folder, folder / "artifacts"
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self._folder}/server.db"]
        command += ["--artifacts-destination", str(self.artifacts)]
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


USER, PASSWORD = "somebody", secrets.token_hex()


class Gate(BaseHTTPRequestHandler):
    """Lets nobody through to a server who does not say the password; it may be slow, or wrong."""

    port: int
    turned_away = 0
    mood = ""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}":
            Gate.turned_away += 1
            self._answer(401, {}, b"who are you?")
            return
        match Gate.mood:
            case "slow":
                time.sleep(0.5)
            case "fails":
                return self._answer(500, {"Content-Type": "text/plain"}, b"out of order")
            case "is another":  # what stands at the address now is no tracking server
                return self._answer(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
            case "is mute":
                self.close_connection = True
                return
        behind = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        behind.request(self.command, self.path, body, {**self.headers, "Host": f"127.0.0.1:{self.port}"})
        found = behind.getresponse()
        self._answer(found.status, {"Content-Type": found.getheader("Content-Type", "text/plain")}, found.read())
        behind.close()

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Says nothing."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass


@pytest.fixture
def gate(server: Server) -> Iterator[str]:
    """The address of a gate in front of the server."""
    Gate.port, Gate.mood = server.port, ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Gate) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{door.server_port}"
        door.shutdown()


def histories(server: Server, run_id: str) -> Any:
    """Returns the run, and how often each step of a metric is there."""
    from mlflow import MlflowClient

    client = MlflowClient(server.uri)
    return client.get_run(run_id), sorted(metric.step for metric in client.get_metric_history(run_id, "m001"))


def stored_as(run: Run) -> str:
    """Returns the server's id of a run."""
    found = Spool(run.folder).read_stored_as()
    assert found is not None
    return found.run_id


def test_a_server_that_comes_back_gets_every_point(run: Run, server: Server, steps: Callable[..., Any]) -> None:
    kept = run.folder / "checkpoints" / "gen-00000300"
    kept.mkdir(parents=True)
    (kept / "state.safetensors").write_bytes(b"x")
    recording = Client(run, request(run, server.uri, "syntonic"), server.uri, served=False)
    for step in steps(1, 101):
        recording.log(step)
    until(lambda: Spool(run.folder).read_stored_as())
    until(lambda: histories(server, stored_as(run))[1])
    server.stop()
    for step in steps(101, 201):
        recording.log(step)
    recording.flush()
    until((run.folder / "tracking" / "error.txt").exists)  # it has found that the server is away
    server.start()
    for step in steps(201, 301):
        recording.log(step)
    receipt = recording.finish(Ending(Status.FINISHED, 300, {"test_accuracy": 0.5}))
    with opened(run.folder) as spool:  # on a slow machine its last attempt may have come before the server did
        assert writer.upload(spool, patience=60.0)
    found, logged = histories(server, receipt.run_id)
    assert found.info.status == "FINISHED"
    assert logged == list(range(1, 301))
    assert found.data.metrics["test_accuracy"] == 0.5
    assert len(found.outputs.model_outputs) == 1


def test_every_model_arrives_though_one_is_removed(run: Run, server: Server, steps: Callable[..., Any]) -> None:
    from mlflow import MlflowClient

    first, last = (run.folder / "checkpoints" / f"gen-{step:08}" for step in (10, 20))
    first.mkdir(parents=True)
    (first / "state.safetensors").write_bytes(b"x")
    asked = request(run, server.uri, "syntonic", register="m1@best")
    recording = Client(run, asked, server.uri, served=False)
    for step in steps(1, 11):
        recording.log(step)
    recording.flush()
    client = MlflowClient(server.uri)
    until(lambda: Spool(run.folder).read_stored_as())
    until(lambda: client.get_run(stored_as(run)).outputs.model_outputs)
    (early,) = [model.model_id for model in client.get_run(stored_as(run)).outputs.model_outputs]
    assert list(server.artifacts.rglob(f"{early}/artifacts/state.safetensors"))
    first.rename(last)
    (run.folder / "model").mkdir()
    (run.folder / "model" / "MLmodel").write_text("flavors: {}")
    for step in steps(11, 21):
        recording.log(step)
    receipt = recording.finish(Ending(Status.FINISHED, 20, {"test_loss": 0.5}))
    assert receipt.problems == []
    version = client.get_model_version_by_alias("m1", "best")
    assert version.run_id == receipt.run_id
    owner = client.get_run(receipt.run_id).info.experiment_id
    models = client.search_logged_models([owner], f"source_run_id = '{receipt.run_id}'")
    assert [(model.tags["syntonic.checkpoint"], model.status) for model in models] == [("model", "READY")]
    (kept,) = client.list_artifacts(receipt.run_id, "checkpoints/gen-00000020")
    assert kept.path == "checkpoints/gen-00000020/state.safetensors"
    folders = {path.parent.parent.name for path in server.artifacts.rglob("models/*/artifacts/*")}
    assert {model.model_id for model in models} <= folders
    assert not list(server.artifacts.rglob(f"{early}/artifacts/state.safetensors")), "its files are gone too"


def test_what_was_measured_without_a_server_is_sent_when_it_is_there(
    run: Run, server: Server, steps: Callable[..., Any]
) -> None:
    server.stop()
    recording = Client(run, request(run, server.uri, "syntonic"), server.uri, served=False)
    for step in steps(1, 51):
        recording.log(step)
    began = time.monotonic()
    receipt = recording.finish(Ending(Status.KILLED, 50))
    assert time.monotonic() - began < 60
    assert "everything is kept in" in receipt.problems[0]
    server.start()
    for _ in range(2):
        with opened(run.folder) as spool:
            assert writer.upload(spool, patience=60.0)
    found, logged = histories(server, stored_as(run))
    assert found.info.status == "KILLED"
    assert logged == list(range(1, 51))


def test_a_password_from_the_environment_opens_a_server_and_is_written_nowhere(
    run: Run, server: Server, gate: str, steps: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = run.folder / "checkpoints" / "gen-00000020"
    kept.mkdir(parents=True)
    (kept / "state.safetensors").write_bytes(b"x")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", USER)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    recording = Client(run, request(run, gate, "syntonic"), gate, served=False)
    for step in steps(1, 21):
        recording.log(step)
    receipt = recording.finish(Ending(Status.FINISHED, 20))
    assert "401" in receipt.problems[0]
    assert "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD are set" in receipt.problems[0]
    assert "everything is kept in" in receipt.problems[0]
    assert Gate.turned_away > 0
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    with opened(run.folder) as spool:
        assert writer.upload(spool, patience=60.0)
    found, logged = histories(server, stored_as(run))
    assert (found.info.status, logged) == ("FINISHED", list(range(1, 21)))
    assert len(found.outputs.model_outputs) == 1
    written = [path for path in run.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if PASSWORD.encode() in path.read_bytes()]


@pytest.mark.parametrize("mood", ["slow", "fails", "is another", "is mute"])
def test_a_server_that_is_slow_or_wrong_has_every_point_and_model_in_the_end(
    run: Run, gate: str, server: Server, steps: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    kept = [run.folder / "checkpoints" / f"gen-{step:08}" for step in (20, 40)]
    for folder in kept:
        folder.mkdir(parents=True)
        (folder / "state.safetensors").write_bytes(b"x")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", USER)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    Gate.mood = mood
    recording = Client(run, request(run, gate, "syntonic"), gate, served=False)
    for step in steps(1, 41):
        recording.log(step)
    receipt = recording.finish(Ending(Status.FINISHED, 40))
    assert receipt.problems == [] or "everything is kept in" in receipt.problems[0]
    assert mood == "slow" or receipt.problems, "nothing is whole while something is missing"
    Gate.mood = ""
    with opened(run.folder) as spool:
        assert writer.upload(spool, patience=60.0)
    found, logged = histories(server, stored_as(run))
    assert (found.info.status, logged) == ("FINISHED", list(range(1, 41)))
    assert len(found.outputs.model_outputs) == len(kept)
