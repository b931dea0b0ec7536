"""`--help` teaches, and no answer waits for a library that it does not need: imports decide how fast it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syntonic.runners.cli import main

# Each takes from a tenth of a second to seconds, and none belongs to the way from a command to its first generation.
NEVER = tuple("mlflow scipy sklearn pandas pyarrow sqlalchemy optuna joblib submitit ray matplotlib".split())
OF_RUNS = ("rich", "numpy", "syntonic.runners.run.life", "syntonic.runners.sweep.loop")
OF_CONFIGS = ("hydra", "omegaconf", "pydantic", "yaml", "syntonic._core")


def imported(forbidden: tuple[str, ...], folder: Path, *words: str) -> tuple[int, list[str], str]:
    """Runs the command in a process of its own; returns its code, what of `forbidden` it imported, its complaint."""
    script = (
        "import json, sys; from syntonic.runners.cli import main; code = main(sys.argv[1:]);"
        f"print('\\n', json.dumps([code, [name for name in {forbidden!r} if name in sys.modules]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    code, found = json.loads(done.stdout.rpartition("\n ")[2])
    return code, found, done.stderr


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


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["dcotor"], ["--hlep"], ["--completion", "bash"]])
def test_help_and_the_like_are_light(tmp_path: Path, words: list[str]) -> None:
    _, found, _ = imported((*NEVER, *OF_RUNS, *OF_CONFIGS), tmp_path, *words)
    assert found == []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["trainer.sigm=0.1"], "did you mean 'sigma'?"),
        (["trainer=retrocasual"], "did you mean 'retrocausal'?"),
        (["-cn", "digts"], "did you mean 'digits'?"),
        (["+experiment=smok"], "did you mean 'smoke'?"),
        (["-m", "trainer.sigma=rnage(1,5)"], "did you mean 'range'?"),
        (["-m", "hydra/sweeper=tpee"], "did you mean 'tpe'?"),
    ],
)
def test_a_typo_is_answered_without_what_a_run_needs(tmp_path: Path, words: list[str], meant: str) -> None:
    code, found, said = imported((*NEVER, *OF_RUNS), tmp_path, *words)
    assert (code, found) == (2, [])
    assert meant in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("config", "allowed"), [("xor", ()), ("digits", ("numpy",))])
def test_a_run_starts_without_what_it_does_not_need(tmp_path: Path, config: str, allowed: tuple[str, ...]) -> None:
    words = ["-cn", config, "tracking=none", "trainer.max_generations=1"]
    code, found, _ = imported((*NEVER, "numpy"), tmp_path, *words)
    assert (code, tuple(found)) == (0, allowed)


def test_importing_the_tracking_room_imports_no_tracking_library() -> None:
    code = "import sys, syntonic.tracking, syntonic.runners.cli; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
