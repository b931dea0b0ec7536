"""What every test of the runner needs: an empty folder, and the command with fakes that train in milliseconds."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import runner_fakes  # noqa: E402, F401  (registers itself)

from syntonic.runners.cli import main  # noqa: E402

FAKE = ["-cd", str(HERE / "configs"), "-cn", "fake"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYNTONIC_HOME", raising=False)
    return tmp_path


@pytest.fixture
def command(folder: Path) -> Callable[..., int]:
    """Runs the command in this process and returns its exit code; the default run is the fake one."""
    return lambda *words: main([*([] if "-cn" in words else FAKE), *words])


@pytest.fixture
def process(folder: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Starts the command in a process of its own."""

    def start(*words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(HERE / "command.py"), *FAKE, *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start
