"""`--help` teaches, without the libraries that a run needs."""

import subprocess
import sys

import pytest

from syntonic.runners.cli import main

HEAVY = (
    "mlflow",
    "numpy",
    "sklearn",
    "pydantic",
    "hydra",
    "omegaconf",
    "rich",
    "optuna",
    "joblib",
    "matplotlib",
    "syntonic._core",
)


def test_help_names_every_option_and_the_ways_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in (
        "retrocausal",
        "xor",
        "digits",
        "mlflow",
        "resume=last",
        "-m",
        "sweep_trainers",
        "syntonic-run ui",
        "doctor",
    ):
        assert word in text


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_are_light(flag: str) -> None:
    code = (
        "import sys; from syntonic.runners.cli import main; main([sys.argv[1]]);"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code, flag], check=True, capture_output=True)


def test_importing_the_tracking_room_imports_no_tracking_library() -> None:
    code = "import sys, syntonic.tracking, syntonic.runners.cli; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
