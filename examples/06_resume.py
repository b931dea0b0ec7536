"""A run that is interrupted and resumed ends with the same bits as one that was not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import syntonic

RUN = ["benchmark.variant=noisy", "trainer.max_generations=5000", "tracking=none"]

# Start a run in another process, and press Ctrl-C when it is under way.
child = subprocess.Popen([Path(sys.executable).with_name("syntonic-run"), *RUN, "name=interrupted"])
while child.poll() is None and not list(Path(".syntonic/runs").glob("*/journal.jsonl")):
    time.sleep(0.01)
time.sleep(0.1)
os.kill(child.pid, signal.SIGINT)
assert child.wait() != 0

# `resume=last` needs nothing else: the run's config is in its folder.
resumed = syntonic.run(["resume=last"], quiet=True)
print(f"{resumed.title}: {resumed.status} after generation {resumed.generation}")
assert resumed.generation == 5000

whole = syntonic.run([*RUN, "name=whole"], quiet=True)
parameters = [result.folder / "model" / "parameters.safetensors" for result in (resumed, whole)]
assert parameters[0].read_bytes() == parameters[1].read_bytes()
