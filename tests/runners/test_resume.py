"""A run that was interrupted, however hard, goes on to the bits of one that was not."""

import hashlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import arrays, runs
from waiting import until

from syntonic.nn.training import RetrocausalTrainer
from syntonic.runners.cli import main
from syntonic.runners.run import resume
from syntonic.tracking import checkpoint

Command = Callable[..., int]
Process = Callable[..., "subprocess.Popen[str]"]

LONG = ["trainer.max_generations=120", "trainer.seconds=0.01", "callbacks.checkpoint.every_generations=7"]
LONG += ["trainer.waits_at=115"]  # what a test kills goes on until it is killed


@pytest.fixture
def interrupted(process: Process, folder: Path) -> Path:
    """A run that was killed somewhere in the middle; nothing of it could say goodbye."""
    kill(process("tracking=none", *LONG), folder, after=random.randrange(8, 100))
    return runs(folder)[0]


@pytest.fixture
def stopped(command: Command, folder: Path) -> Path:
    """A run that failed after generation 14, with a checkpoint of generation 10."""
    assert command("tracking=none", "trainer.fails_at=15", "callbacks.checkpoint.every_generations=5") == 1
    return runs(folder)[0]


def kill(child: "subprocess.Popen[str]", folder: Path, after: int) -> None:
    """Kills a run with SIGKILL once its newest checkpoint is of about generation `after`, at any moment from there."""
    until(lambda: newest_generation(folder) >= after - 7 or child.poll() is not None)
    time.sleep(random.random() * 0.07)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    (folder / "go").touch()


def newest_generation(folder: Path) -> int:
    """Returns the generation of the newest checkpoint, 0 if there is none."""
    names = [path.name for path in folder.glob(".syntonic/runs/*/checkpoints/gen-*")]
    return max((int(name.removeprefix("gen-")) for name in names), default=0)


def points(folder: Path) -> list[tuple[str, int]]:
    """Returns every (key, step) of the first MLflow run's history."""
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        return list(database.execute("SELECT key, step FROM metrics ORDER BY key, step"))


@pytest.mark.parametrize("attempt", range(2))
def test_kill_9_then_resume_gives_the_bits_of_an_uninterrupted_run(
    attempt: int, interrupted: Path, command: Command, folder: Path
) -> None:
    assert json.loads((interrupted / "run.json").read_text())["status"] == "RUNNING"
    assert main(["resume=last"]) == 0
    assert json.loads((interrupted / "run.json").read_text())["status"] == "FINISHED"
    steps = [json.loads(line)["step"] for line in (interrupted / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 121)), "every generation once"
    assert command("tracking=none", *LONG) == 0
    _, whole = runs(folder)
    assert arrays(interrupted) == arrays(whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
@pytest.mark.parametrize("early", [True, False], ids=["before MLflow is ready", "after"])
def test_kill_9_leaves_one_mlflow_run_without_gaps_or_doubles(early: bool, process: Process, folder: Path) -> None:
    child = process(*LONG, "trainer.max_generations=1200", "trainer.waits_at=1180")
    if not early:
        until(lambda: is_recorded(folder) or child.poll() is not None)
    kill(child, folder, after=min(1150, newest_generation(folder) + random.randrange(8, 40)))
    assert main(["resume=last"]) == 0
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        assert list(database.execute("SELECT status FROM runs")) == [("FINISHED",)]
    logged = [step for key, step in points(folder) if key == "train/loss"]
    assert logged == list(range(1, 1201))
    assert len(points(folder)) == len(set(points(folder))), "no (key, step) twice"
    assert ("test_accuracy", 1200) in points(folder)


def is_recorded(folder: Path) -> bool:
    """Returns whether MLflow holds some points."""
    try:
        return bool(points(folder))
    except sqlite3.OperationalError:
        return False


def test_a_run_without_a_checkpoint_starts_again_from_its_seed(interrupted: Path, command: Command) -> None:
    shutil.rmtree(interrupted / "checkpoints")
    assert main(["resume=last"]) == 0
    assert command("tracking=none", *LONG) == 0
    assert arrays(interrupted) == arrays(runs(interrupted.parents[2])[1])


def test_the_same_command_again_with_resume_goes_on(interrupted: Path, command: Command) -> None:
    assert command("tracking=none", *LONG, "resume=last") == 0
    assert newest_generation(interrupted.parents[2]) == 120


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("trainer.sigma=0.2", "trainer.sigma=0.2: the run was started with 0.1"),
        ("trainer.max_generations=500", "a longer or shorter run is a new one"),
        ("seed=7", "seed=7: the run was started with 0"),
        ("trainer.sigm=1", "did you mean 'sigma'?"),
    ],
)
def test_what_would_change_the_run_is_refused(
    stopped: Path, capsys: pytest.CaptureFixture[str], word: str, expected: str
) -> None:
    before = (stopped / "run.json").read_bytes()
    words = ["-cd", str(Path(__file__).parent / "configs")]
    assert main([*words, f"resume={stopped.name}", word]) == 2
    assert expected in capsys.readouterr().err
    assert (stopped / "run.json").read_bytes() == before


def test_when_checkpoints_are_written_may_change(stopped: Path) -> None:
    words = ["-cd", str(Path(__file__).parent / "configs")]
    changed = ["callbacks.checkpoint.keep=5", "callbacks.checkpoint.every_generations=2"]
    assert main([*words, "resume=last", *changed]) == 1, "it fails again, at the same generation"
    assert len(list((stopped / "checkpoints").iterdir())) == 3


def test_a_finished_run_is_left_alone(command: Command, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tracking=none") == 0
    (run,) = runs(folder)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert main(["resume=last"]) == 0
    assert "is finished after 20 generations; nothing to do" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_run_is_found_by_the_first_letters_of_its_id(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (0, 1):
        assert command("tracking=none", f"seed={seed}", "trainer.fails_at=5") == 1
    first, second = runs(folder)
    assert main([f"resume={first.name}"]) == 1, "it fails again, at the same generation"
    assert first.name in capsys.readouterr().out
    assert main([f"resume={first.name[:8]}"]) == 2
    assert "2 runs begin with that" in capsys.readouterr().err
    assert main(["resume=nothing"]) == 2
    assert second.name in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_that_is_still_going_is_not_touched(
    process: Process, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = ["trainer.slow_until=go", "trainer.max_generations=400", "callbacks.checkpoint.every_generations=1"]
    child = process("tracking=none", *slow)
    until(lambda: newest_generation(folder) > 0 or child.poll() is not None)
    assert main(["resume=last"]) == 2
    assert "is still running in another process" in capsys.readouterr().err
    (folder / "go").touch()
    child.communicate(timeout=180)
    assert child.returncode == 0


@pytest.mark.parametrize("name", [checkpoint.ARRAYS, checkpoint.FACTS, checkpoint.SUMS])
def test_a_damaged_checkpoint_is_refused_by_name(stopped: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    newest = checkpoint.newest(stopped / "checkpoints")
    assert newest is not None
    content = (newest / name).read_bytes()
    (newest / name).write_bytes(content[:-3])
    assert main(["resume=last"]) == 2
    said = capsys.readouterr().err
    assert "truncated or altered" in said
    assert name in said
    assert newest.name in said


def test_a_checkpoint_of_another_run_is_refused(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (0, 1):
        assert command("tracking=none", f"seed={seed}", "trainer.fails_at=15", *LONG[2:]) == 1
    first, second = runs(folder)
    shutil.rmtree(second / "checkpoints")
    shutil.copytree(first / "checkpoints", second / "checkpoints")
    assert main(["resume=last"]) == 2
    assert "is of another config" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_damaged_run_file_is_refused(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert command("tracking=none", "trainer.fails_at=5") == 1
    (run,) = runs(folder)
    (run / "run.json").write_text(text)
    assert main(["resume=last"]) == 2
    assert "run.json cannot be used" in capsys.readouterr().err


def test_a_run_that_is_older_than_a_setting_goes_on(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-cd", str(Path(__file__).parent / "configs")]
    forget(stopped, "callbacks", "checkpoint", "every_seconds")
    assert main([*words, "resume=last", "callbacks.checkpoint.keep=5"]) == 1, "it fails again, at the same generation"
    assert "every_seconds" not in capsys.readouterr().err
    forget(stopped, "trainer", "sigma")
    assert main([*words, "resume=last"]) == 2
    assert "trainer.sigma: there was no such setting" in capsys.readouterr().err


def test_what_the_first_version_could_set_is_a_setting_still() -> None:
    described = {each["name"] for each in RetrocausalTrainer.described()}
    assert {"name", *described} >= resume._FIRST


def forget(folder: Path, *path: str) -> None:
    """Takes a setting out of everything that the folder of a run says of its config."""
    for file in (folder / "run.json", *folder.glob("checkpoints/*/checkpoint.json")):
        facts = json.loads(file.read_text())
        section = facts["config"]
        for key in path[:-1]:
            section = section[key]
        section.pop(path[-1], None)
        file.write_text(json.dumps(facts, indent=1, sort_keys=True))
    for sums in folder.glob("checkpoints/*/SHA256SUMS"):
        names = [line.split()[1] for line in sums.read_text().splitlines()]
        hashes = [hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() for name in names]
        sums.write_text("".join(f"{found}  {name}\n" for found, name in zip(hashes, names, strict=True)))
