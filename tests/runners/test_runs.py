"""A run from its first line to its summary, and every way in which it can end."""

import errno
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import arrays, runs

from syntonic.runners.cli import main
from syntonic.tracking import checkpoint

Command = Callable[..., int]
Process = Callable[..., "subprocess.Popen[str]"]


def facts(run: Path) -> dict[str, object]:
    """Returns what `run.json` says."""
    return json.loads((run / "run.json").read_text())  # type: ignore[no-any-return]


def test_a_run_ends_with_a_result_a_checkpoint_and_the_way_to_it(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none", "name=first") == 0
    said = capsys.readouterr().out
    assert "first: FINISHED after 20 of 20 generations" in said
    assert "0.7500" in said
    assert "0.5000" in said, "the chance level"
    assert 9 <= sum(line.startswith("generation") for line in said.splitlines()) <= 11
    (run,) = runs(folder)
    assert facts(run)["status"] == "FINISHED"
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["gen-00000020"]
    assert checkpoint.read(run / "checkpoints" / "gen-00000020").config["name"] == "first"
    steps = [json.loads(line)["step"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 21))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(command: Command, folder: Path) -> None:
    for seed in (3, 3, 4):
        assert command("tracking=none", f"seed={seed}") == 0
    found = {arrays(run) for run in runs(folder)}
    assert len(found) == 2


def test_retention_keeps_the_newest(command: Command, folder: Path) -> None:
    every = "callbacks.checkpoint.every_generations=4"
    assert command("tracking=none", every, "callbacks.checkpoint.keep=3") == 0
    (run,) = runs(folder)
    assert [path.name for path in sorted((run / "checkpoints").iterdir())] == [
        "gen-00000012",
        "gen-00000016",
        "gen-00000020",
    ]


def test_a_failure_is_failed_with_its_traceback(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none", "trainer.fails_at=7") == 1
    said = capsys.readouterr().out
    assert "FAILED (RuntimeError: the core is on fire) after 6 of 20 generations" in said
    (run,) = runs(folder)
    assert facts(run)["status"] == "FAILED"
    assert "the core is on fire" in (run / "traceback.txt").read_text()


def test_a_failing_evaluation_keeps_what_was_trained(command: Command, folder: Path) -> None:
    assert command("tracking=none", "benchmark.fails_in_the_end=true") == 1
    (run,) = runs(folder)
    assert checkpoint.newest(run / "checkpoints") is not None


def test_early_stop_ends_a_run_and_says_so(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    stop = ["callbacks=early_stop", "callbacks.early_stop.metric=loss", "callbacks.early_stop.mode=min"]
    assert command("tracking=none", *stop, "callbacks.early_stop.target=4.5") == 0
    assert "FINISHED (early stop) after 12 of 20 generations" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_with_killed_and_a_checkpoint(process: Process, folder: Path, number: signal.Signals) -> None:
    child = process("tracking=none", "trainer.slow_until=go", "trainer.max_generations=400")
    wait_for_steps(folder, child)
    child.send_signal(number)
    said, _ = child.communicate(timeout=180)
    assert child.returncode == 128 + number
    (run,) = runs(folder)
    assert facts(run)["status"] == "KILLED"
    assert f"KILLED (by {number.name})" in said
    assert f"syntonic-run resume={run.name}" in said
    kept = checkpoint.newest(run / "checkpoints")
    assert kept is not None
    assert checkpoint.read(kept).generation == facts(run)["generation"]


@pytest.mark.filterwarnings("ignore")  # MLflow's own, of SQLAlchemy
def test_ctrl_c_is_killed_in_mlflow_and_goes_on_in_the_same_run(process: Process, folder: Path) -> None:
    child = process("trainer.slow_until=go", "trainer.max_generations=400")
    wait_for_steps(folder, child)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=180)
    assert child.returncode == 130
    assert statuses(folder) == ["KILLED"]
    (folder / "go").touch()
    assert main(["resume=last"]) == 0
    assert statuses(folder) == ["FINISHED"]


def test_a_sweep_runs_every_point_and_exits_1_for_a_failed_one(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "trainer.fails_at=null,9") == 1
    said = capsys.readouterr().out
    assert "4 runs" in said
    assert sorted(str(facts(run)["status"]) for run in runs(folder)) == ["FAILED", "FAILED", "FINISHED", "FINISHED"]
    assert "seed=1 trainer.fails_at=9" in said
    assert not (folder / "outputs").exists()
    assert not (folder / "multirun").exists()


def test_a_point_that_its_class_refuses_does_not_stop_the_others(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("-m", "tracking=none", "trainer.optimizer=momentum", "trainer.population_size=2,4") == 1
    assert "REFUSED" in capsys.readouterr().out
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"]


def test_a_folder_conf_comes_first_and_that_is_said(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "conf" / "trainer").mkdir(parents=True)
    (folder / "conf" / "trainer" / "mine.yaml").write_text("name: fake\nmax_generations: 3\n")
    assert command("trainer=mine", "tracking=none") == 0
    said = capsys.readouterr().out
    assert "configs in conf/ take precedence over the built-in ones" in said
    assert "FINISHED after 3 of 3 generations" in said


def test_cfg_prints_the_config_and_does_nothing(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--cfg", "seed=5") == 0
    assert "seed: 5" in capsys.readouterr().out
    assert list(folder.iterdir()) == []


def wait_for_steps(folder: Path, child: "subprocess.Popen[str]", seconds: float = 180.0) -> None:
    """Waits until the run has begun to train."""
    deadline = time.monotonic() + seconds
    while not list((folder / ".syntonic" / "runs").glob("*/journal.jsonl")):
        assert child.poll() is None, child.stdout.read() if child.stdout else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)


def statuses(folder: Path) -> list[str]:
    """Returns the statuses of the MLflow runs."""
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        return [row[0] for row in database.execute("SELECT status FROM runs ORDER BY start_time")]


def test_a_run_outlives_the_reader_of_its_output(process: Process, folder: Path) -> None:
    child = process("tracking=none", "trainer.seconds=0.01", "trainer.max_generations=60")
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(timeout=180) == 0
    (run,) = runs(folder)
    assert facts(run)["status"] == "FINISHED"


@pytest.mark.parametrize("words", [["tracking=none"], ["-m", "seed=0,1"]], ids=["run", "sweep"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_trained(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (folder / ".syntonic").write_text("a file where a folder should be")
    assert command(*words) == 2
    said = capsys.readouterr()
    assert "cannot be written" in said.err
    assert "set SYNTONIC_HOME to a folder that can" in said.err
    assert "generation" not in said.out


def test_a_full_disk_loses_no_result(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = checkpoint.write

    def refused(parent: Path, state: checkpoint.Checkpoint) -> Path:
        if ".syntonic" in parent.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(parent, state)

    monkeypatch.setattr(checkpoint, "write", refused)
    (folder / "elsewhere").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "elsewhere"))
    assert command("tracking=none", "callbacks.checkpoint.every_generations=10") == 0
    said = capsys.readouterr().out
    assert "0.7500" in said, "the result"
    assert "no checkpoint of generation 10, nor of 1 later ones: [Errno 28] No space left on device" in said
    (saved,) = (folder / "elsewhere").iterdir()
    assert f"cp -r {saved}/. {Path('.syntonic')}" in said
    assert checkpoint.read(saved / "checkpoints" / "gen-00000020").generation == 20


def test_the_last_checkpoint_is_kept_with_the_results(command: Command, folder: Path) -> None:
    """Though it is there before the results are."""
    assert command("trainer.max_generations=20", "callbacks.checkpoint.every_generations=10") == 0
    query = "SELECT name, metric_name FROM logged_models JOIN logged_model_metrics USING (model_id)"
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        found: dict[str, set[str]] = {}
        for name, metric in database.execute(query):
            found.setdefault(name.partition("s0-")[2], set()).add(metric)
    assert list(found) == ["gen-00000020"]
    assert {"train/loss", "train_loss", "test_loss", "test_accuracy"} <= found["gen-00000020"]


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="only root mounts a small disk")
def test_what_a_small_disk_refuses_is_saved_elsewhere_and_can_be_put_back(folder: Path) -> None:
    words = ["-cn", "xor", "trainer.max_generations=400", "tracking=none"]
    script = """
set -e
mount -t tmpfs -o size=48k tmpfs small
{command} > said
cp -r small/. kept
umount small
"""
    command = shlex.join([sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"])
    for name in ("small", "kept", "elsewhere"):
        (folder / name).mkdir()
    environment = {**os.environ, "SYNTONIC_HOME": "small/home", "TMPDIR": str(folder / "elsewhere")}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script.format(command=f"{command} {shlex.join(words)}")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(done.stderr)
    said = (folder / "said").read_text()
    assert done.returncode == 0, said + done.stderr
    assert "No space left on device" in said
    assert re.search(r"accuracy +1\.0000 +1\.0000", said)
    (run,) = (folder / "kept" / "home" / "runs").iterdir()
    (saved,) = (folder / "elsewhere").iterdir()
    shutil.copytree(saved, run, dirs_exist_ok=True)
    steps = [json.loads(line)["step"] for line in (run / "journal.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 401))
    assert facts(run)["status"] == "FINISHED"
    assert checkpoint.read(run / "checkpoints" / "gen-00000400").generation == 400


def test_a_run_whose_members_are_all_nan_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["trainer=es", "trainer.sigma=1e300", "trainer.max_generations=5", "benchmark=digits", "tracking=none"]
    assert main(words) == 0
    assert "in 5 of 5 generations the loss of every member was NaN" in capsys.readouterr().out
    assert main(["ls"]) == 0
    assert "every member NaN in 5 generations" in capsys.readouterr().out
    assert facts(runs(folder)[0])["blind"] == 5
    assert main(["trainer.max_generations=2", "tracking=none"]) == 0
    assert "NaN" not in capsys.readouterr().out
    assert "blind" not in facts(runs(folder)[1]), "earlier versions have no such field"
