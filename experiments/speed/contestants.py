"""Who takes part in `first_light.py`, and how any study here talks to a contestant: one warm process each."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE.parent / "peers"
PEER_PACKAGES = ("evosax", "jax[cpu]", "optax", "scikit-learn")


@dataclass(frozen=True)
class Contestant:
    """What a contestant is called, the script it runs, and whether it runs in the peers' environment."""

    name: str
    script: str
    arguments: tuple[str, ...]
    peer: bool


@dataclass(frozen=True)
class Answer:
    """One timed burst: rates in 1/s, and the peak memory of the process so far in MB (10^6 bytes)."""

    generations_per_second: float
    evaluations_per_second: float
    peak_rss_mb: float


def workloads(generations: dict[str, int]) -> dict[str, list[Contestant]]:
    """Returns the contestants of each workload, for bursts of so many generations."""
    xor = ("--population", "1024", "--generations", str(generations["xor"]))
    digits = ("--population", "256", "--generations", str(generations["digits"]))
    return {
        "xor": [
            Contestant("Syntonic", "syntonic_worker.py", ("xor", *xor), False),
            Contestant("evosax Open_ES", "peer_evosax.py", ("xor", "Open_ES", *xor), True),
            Contestant("evosax PGPE", "peer_evosax.py", ("xor", "PGPE", *xor), True),
            Contestant("NumPy OpenES", "peer_numpy.py", xor, True),
        ],
        "digits": [
            Contestant("Syntonic, full rank", "syntonic_worker.py", ("digits", *digits), False),
            Contestant("Syntonic, rank 1", "syntonic_worker.py", ("digits", *digits, "--rank", "1"), False),
            Contestant("evosax Open_ES", "peer_evosax.py", ("digits", "Open_ES", *digits), True),
        ],
    }


class Session:
    """A contestant's running process."""

    def __init__(self, who: Contestant, peer_python: str) -> None:
        """Starts the process and waits until it is warm."""
        # A machine's OpenBLAS settings would bind the peers' NumPy; everyone runs with the library's own choice.
        environment = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        paths = [str(HERE), str(PEERS), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        command = [peer_python if who.peer else sys.executable, str(HERE / who.script), *who.arguments]
        self.name = who.name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._read()

    def burst(self) -> Answer:
        """Lets the contestant work once.

        Raises:
            RuntimeError: if the process has ended.
        """
        return Answer(**self.ask(""))

    def ask(self, line: str) -> dict[str, float]:
        """Sends a line and returns the answer.

        Raises:
            RuntimeError: if the process has ended.
        """
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._read())
        return answer

    def close(self) -> None:
        """Ends the process and waits for it."""
        self._process.communicate()

    def _read(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"{self.name} ended with exit code {self._process.wait()}; its own message stands above")
        return line


def make_peer_python(folder: Path) -> str:
    """Makes an environment with the peers' packages in `folder`, unless it is there, and returns its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "--quiet", str(folder)], check=True)
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", str(python), *PEER_PACKAGES], check=True)
    return str(python)
