"""`syntonic-run ui`: the MLflow dashboard of this folder's store."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run import listing, open_dashboard, signals
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.runners.sweep import folder as sweep_folder
from syntonic.tracking import links
from syntonic.tracking.stores import address, dashboard

HELP: Final = """\
syntonic-run ui [RUN|SWEEP]: opens the MLflow dashboard on the runs of this folder, until Ctrl-C.

  syntonic-run ui               at http://127.0.0.1:5000, or the next port that is free: the table of runs
  syntonic-run ui last          the page of the latest run; RUN is an id, its first letters, or that of a sweep
  syntonic-run ui --port 8080   at this port
  syntonic-run ui --no-open     print the address, and leave the browser alone

It listens on this machine only. To look at it from another one, go through ssh: ssh -L 5000:127.0.0.1:5000 <machine>.
It runs one worker and none of MLflow's job runners, which keeps it below 0.6 GB of memory.
Runs that were sent to a server of your own (tracking.uri) are in that server's dashboard."""

_HOST: Final = "127.0.0.1"
_FIRST_PORT: Final = 5000
_PORTS: Final = 50  # how many are tried
_START_TIMEOUT: Final = 300.0  # seconds that the server may take to answer
_SHUTDOWN_TIMEOUT: Final = 10.0  # seconds that it may take to end


def run(argv: Sequence[str]) -> int:
    """Serves until Ctrl-C; returns 0 then, 1 if the server ended by itself."""
    options = read("ui", argv, values=["--port"], switches=["--no-open"], most=1)
    store = home().resolve() / "mlflow.db"
    if not store.exists():
        raise RequestError([f"ui: there is no store in {home()} yet; start a run first, for example `syntonic-run`"])
    console = Output()
    wanted = _page_of(options.names[0], console) if options.names else None
    port = _port(options.flags.get("--port"))
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
    }
    command = [*_mlflow(console), "server", "--host", _HOST, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", address.local(home())]
    command += ["--default-artifact-root", (home() / "artifacts").resolve().as_uri(), "--no-serve-artifacts"]
    with _log(home() / "ui.log") as log:
        # From the root folder: the server takes modules from its working folder.
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, process_group=0, cwd="/")
    # Whichever way this command ends, the server must end with it.
    for each in signals.heeded():
        signal.signal(each, signal.default_int_handler)
    try:
        console.print(f"the dashboard starts, which takes some seconds; its log is {home() / 'ui.log'}", markup=False)
        if not _answers(server, port):
            console.print(f"ui: the server did not start; see {home() / 'ui.log'}", markup=False)
            return 1
        page = _address(f"http://{_HOST}:{port}", wanted)
        console.print(f"{page}  (Ctrl-C ends it)", markup=False, soft_wrap=True)
        open_dashboard.say(home(), f"http://{_HOST}:{port}")
        if "--no-open" not in options.flags:
            _open(page, console)
        return int(server.wait() != 0)
    except KeyboardInterrupt:
        return 0
    finally:
        open_dashboard.forget(home())
        _end(server)


def _mlflow(console: Output) -> list[str]:
    """Returns the command of MLflow with its pages, which are four times what a run needs of it.

    Where they are not installed, uv fetches them into its cache; they stay there.
    """
    if any(metadata.distributions(name="mlflow")):
        return [sys.executable, "-P", "-m", "mlflow"]
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise RequestError(["ui: the pages of the dashboard are not installed: pip install 'syntonic[ui]'"])
    console.print("the pages of the dashboard are fetched, once: 500 MB; syntonic[ui] has them too", markup=False)
    wanted = f"mlflow=={metadata.version('mlflow-skinny')}"
    return [uv, "tool", "run", "--quiet", "--python", sys.executable, "--from", wanted, "mlflow"]


def _page_of(wanted: str, console: Output) -> str:
    # The store's id of a run or a sweep.
    sweeps = sweep_folder.matching(wanted)
    facts = sweeps[0].facts if len(sweeps) == 1 else listing.find(wanted, console.warn).record
    if facts.tracked_as is None:
        raise RequestError(
            [f"ui: {facts.id} is not in the store; `syntonic-run report {facts.id}` shows it without one"]
        )
    return facts.tracked_as


def _address(server: str, run_id: str | None) -> str:
    if run_id is not None:
        return dashboard.run_address(server, run_id)
    try:
        return dashboard.runs_address(server)
    except (OSError, KeyError):  # another MLflow's server may answer otherwise
        return dashboard.start_address(server)


def _open(page: str, console: Output) -> None:
    # In a browser, where there is a desktop and a person.
    if console.is_terminal and (
        sys.platform == "darwin" or os.environ.get("DISPLAY") or "WAYLAND_DISPLAY" in os.environ
    ):
        import webbrowser

        webbrowser.open(page)


def _log(path: Path) -> IO[bytes]:
    try:
        return open(path, "wb", opener=links.stay)
    except OSError as error:
        raise RequestError([f"ui: {path} cannot be written: {error.strerror}; remove it and try again"]) from error


def _port(wanted: str | None) -> int:
    if wanted is not None:
        if not wanted.isdigit() or not 1 <= int(wanted) <= 65535:
            raise RequestError([f"ui: --port {wanted}: must be a number from 1 to 65535"])
        if not _free(int(wanted)):
            raise RequestError(
                [f"ui: --port {wanted}: another program listens there; leave --port out to take a free one"]
            )
        return int(wanted)
    free = next((port for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS) if _free(port)), None)
    if free is None:
        last = _FIRST_PORT + _PORTS - 1
        raise RequestError([f"ui: no port from {_FIRST_PORT} to {last} is free; name one with --port"])
    return free


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True


def _answers(server: "subprocess.Popen[bytes]", port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this machine
    deadline = time.monotonic() + _START_TIMEOUT
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with direct.open(f"http://{_HOST}:{port}/health", timeout=2):
                return True
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    return False


def _end(server: "subprocess.Popen[bytes]") -> None:
    # The whole group: the server has a worker of its own.
    for each in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, each)
            server.wait(_SHUTDOWN_TIMEOUT)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
