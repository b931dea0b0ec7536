"""Runs from Python: the result says what the command would have shown."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from conftest import HERE
from runner_folders import runs

import syntonic


def test_a_result_tells_what_came_of_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tracking=none", "trainer.max_generations=5", "name=first"]
    result = syntonic.run(words, config_name="fake", config_dir=HERE / "configs", quiet=True)
    (run,) = runs(folder)
    assert capsys.readouterr().out == ""
    assert (result.title, result.status, result.exit_code, result.generation) == ("first", "FINISHED", 0, 5)
    assert result.metrics["test_accuracy"] == 0.75
    assert result.folder == run.resolve()
    assert result.checkpoint == run.resolve() / "checkpoints" / "gen-00000005"
    assert result.run_id == run.name


def test_a_failure_is_a_result_and_goes_on(folder: Path) -> None:
    words = ["tracking=none", "trainer.fails_at=3"]
    result = syntonic.run(words, config_name="fake", config_dir=HERE / "configs", quiet=True)
    assert (result.status, result.exit_code, dict(result.metrics)) == ("FAILED", 1, {})
    assert result.reason == "RuntimeError: the core is on fire"
    again = syntonic.run(["resume=last"], config_dir=HERE / "configs", quiet=True)
    assert again.folder == result.folder


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["seeed=1"], "did you mean 'seed'?"), (["sweep.seeds=2"], "syntonic-run -m"), (["resume=last"], "no run")],
)
def test_a_wrong_request_is_a_value_error(folder: Path, words: list[str], expected: str) -> None:
    with pytest.raises(ValueError, match=r"seeed=1|sweep|resume") as caught:
        syntonic.run(words, quiet=True)
    assert expected in str(caught.value)
    assert list(folder.iterdir()) == []


def test_importing_syntonic_imports_nothing_heavy() -> None:
    heavy = ("mlflow", "numpy", "hydra", "pydantic", "rich", "optuna", "joblib", "syntonic._core")
    code = f"import sys, syntonic; sys.exit(', '.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_run_returns_has_its_old_name() -> None:
    from syntonic.runners import api
    from syntonic.runners.run.record import RunRecord

    assert syntonic.RunResult is api.RunResult is RunRecord


def test_the_package_is_a_command_and_knows_its_version() -> None:
    assert syntonic.__version__ == metadata.version("syntonic")
    with pytest.raises(AttributeError, match="no attribute '__verson__'"):
        _ = syntonic.__verson__
    done = subprocess.run([sys.executable, "-m", "syntonic", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"syntonic {syntonic.__version__}\n"
