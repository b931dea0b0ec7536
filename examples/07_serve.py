"""The trained model answers over HTTP: train it under a name, let MLflow serve it, ask it.

It takes about half a minute, nearly all of which is MLflow's start.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import syntonic

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]

result = syntonic.run(["seed=1", "tracking.register_as=xor@best"], quiet=True)
print(f"{result.title}: {result.status}, in {result.store}")

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = str(probe.getsockname()[1])
serve = ["-m", "mlflow", "models", "serve", "-m", "models:/xor@best", "--env-manager", "local", "--port", port]
environment = {
    **os.environ,
    "MLFLOW_TRACKING_URI": result.store,
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # MLflow calls uvicorn by name
}
server = subprocess.Popen([sys.executable, *serve], env=environment, process_group=0)
try:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"inputs": POINTS}).encode(),
        {"Content-Type": "application/json"},
    )
    for _ in range(600):
        time.sleep(0.2)
        assert server.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                predictions = json.load(answer)["predictions"]
            break
        except OSError:  # not there yet
            continue
finally:
    os.killpg(server.pid, 15)
    server.wait()

print(predictions)
assert [logit > 0 for (logit,) in predictions] == [False, True, True, False]
