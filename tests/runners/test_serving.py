"""The trained model behind `mlflow models serve`: another process answers with the centre's own predictions."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.run.kept_model import load

pytestmark = pytest.mark.slow
POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run whose model is registered."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SYNTONIC_HOME", str(home))
        assert main(["-cn", "xor", "seed=1", "tracking.register_as=xor@best"]) == 0
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Where MLflow serves the registered model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/xor@best", "--env-manager", "local"]
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # MLflow calls uvicorn by name
        "PYTHONPATH": os.pathsep.join([str(Path(syntonic.__file__).parent.parent), *filter(None, sys.path)]),
    }
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            env=environment,
            process_group=0,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 300
        while not answers(address):
            assert server.poll() is None, (home / "serve.log").read_text()
            assert time.monotonic() < deadline, (home / "serve.log").read_text()
            time.sleep(0.2)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def answers(address: str) -> bool:
    """Whether the server is there."""
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=10):
            return True
    except (OSError, urllib.error.URLError):
        return False


@pytest.mark.parametrize("form", ["inputs", "dataframe_split"])
def test_it_answers_as_the_centre_does(home: Path, address: str, form: str) -> None:
    asked = {"inputs": POINTS} if form == "inputs" else {form: {"columns": ["a", "b"], "data": POINTS}}
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        predictions = json.load(answer)["predictions"]
    (run,) = (home / "runs").iterdir()
    assert predictions == load(run / "model")(POINTS)
    assert [value > 0 for (value,) in predictions] == [False, True, True, False]
