"""`--help` teaches, at once, without the libraries that a run needs."""

import subprocess
import sys
import time

import pytest

from syntonic.runners.cli import main

HEAVY = ("mlflow", "numpy", "sklearn", "pydantic", "hydra", "omegaconf", "rich", "syntonic._core")


def test_help_names_every_option_and_the_ways_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("retrocausal", "xor", "digits", "mlflow", "resume=last", "-m", "sweep_trainers", "syntonic-run ui", "doctor"):
        assert word in text


def test_help_and_version_are_quick_and_light() -> None:
    code = (
        "import sys; from syntonic.runners.cli import main; main([sys.argv[1]]);"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]; assert not heavy, heavy"
    )
    for flag in ("--help", "--version"):
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code, flag], check=True, capture_output=True)
            seconds.append(time.perf_counter() - started)
        assert min(seconds) < 0.5


def test_importing_the_tracking_room_imports_no_tracking_library() -> None:
    code = "import sys, syntonic.tracking, syntonic.runners.cli; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
