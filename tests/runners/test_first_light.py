"""The real parts: the default run, its bits across threads and interruptions, and what it refuses."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runner_folders import arrays, runs

from syntonic.runners.cli import main

COMMAND = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
# A process counts as its own the peak of the one that it was forked from, so a small one stands between.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
DIGITS = ["-cn", "digits", "tracking=none", "callbacks.checkpoint.every_generations=3"]


def test_the_default_run_learns_xor_and_is_recorded(folder: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", MEASURED, *COMMAND],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _, peak = child.stdout.rstrip().rpartition("\n")
    assert child.returncode == 0, said
    for noise in ("INFO", "WARNING", "alembic", "Traceback", "multirun"):
        assert noise not in said
    assert "syntonic-run ui" in said
    with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
        assert list(database.execute("SELECT status FROM runs")) == [("FINISHED",)]
        latest = dict(database.execute("SELECT key, value FROM latest_metrics"))
        params = dict(database.execute("SELECT key, value FROM params"))
        tags = dict(database.execute("SELECT key, value FROM tags"))
        kinds = list(database.execute("SELECT value FROM experiment_tags WHERE key = 'mlflow.experimentKind'"))
    assert kinds == [("custom_model_development",)]
    assert latest["train/accuracy"] == latest["test_accuracy"] == 1.0
    wanted = ("best_fitness", "mean_fitness", "syntony", "attractors", "step_size")
    assert {"train/loss", *(f"population/{name}" for name in wanted)} <= set(latest)
    assert {name.partition("/")[0] for name in latest if "/" in name} <= {"train", "population", "speed", "system"}
    assert params["trainer.population_size"] == "64"
    assert len(tags["syntonic.core_sha256"]) == len(tags["syntonic.config_hash"]) == 64
    assert int(peak) < 300 * 1024 * (1 if sys.platform == "linux" else 1024), "KiB of peak memory"


@pytest.mark.parametrize("rank", ["null", "1"])
def test_kill_9_and_other_threads_come_to_the_same_bits(folder: Path, rank: str) -> None:
    words = [*DIGITS, f"trainer.rank={rank}", "trainer.max_generations=60"]
    child = subprocess.Popen(
        [*COMMAND, *words, "trainer.threads=1"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    wanted = f"gen-{random.randrange(3, 48, 3):08}"
    deadline = time.monotonic() + 180
    while not [path for path in folder.glob(".syntonic/runs/*/checkpoints/gen-*") if path.name >= wanted]:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert main(["resume=last"]) == 0
    assert main([*words, "trainer.threads=2"]) == 0
    first, second = runs(folder)
    assert arrays(first) == arrays(second)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("trainer.population_size=0", "must be at least 2"),
        ("trainer.population_size=63", "must be even; try 62 or 64"),
        ("trainer.population_size=-64", "must be at least 2"),
        ("trainer.sigma=nan", "must be a finite number"),
        ("trainer.survivor_count=100", "expected 2 <= survivor_count <= population_size = 64"),
        ("benchmark.samples=6", "must be a multiple of 4"),
        ("model.hidden=4", "must be a list"),
        ("model.hidden=[0]", "model.hidden.0=0: must be at least 1"),
        ("model.activation=tahn", "did you mean 'tanh'?"),
        ("model=mpl", "did you mean 'mlp'?"),
        ("trainer=retrocasual", "did you mean 'retrocausal'?"),
        ("model.hiden=[4]", "did you mean 'hidden'?"),
        ("device=cuda", "use device=cpu"),
        ("seed=4294967296", "must be at most 4294967295"),
    ],
)
def test_a_wrong_word_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], word: str, expected: str) -> None:
    assert main([word, "benchmark.variant=noisy"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert list(folder.iterdir()) == []
