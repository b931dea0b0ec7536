"""A run that is stopped within a long generation, and one that memory cannot hold."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())", "tracking=none"]
LONG = ["-cn", "digits", "trainer.rank=1", "trainer.max_generations=3", "trainer.population_size=400000"]


def environment(home):
    return {**os.environ, "SYNTONIC_HOME": str(home)}


def record(home):
    (path,) = (home / "runs").glob("*/run.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_within_a_generation(tmp_path, number):
    run = subprocess.Popen(
        [*COMMAND, *LONG],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not list((tmp_path / "runs").glob("*/run.json")):
        time.sleep(0.05)
        assert run.poll() is None
    time.sleep(1.5)
    start = time.perf_counter()
    run.send_signal(number)
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 128 + number, output
    assert time.perf_counter() - start < 8, "a generation of this run takes longer on most machines"
    assert record(tmp_path)["status"] == "KILLED"
    assert "resume" in output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trainer.population_size=1000000000"], "population_size=1000000000 needs about"),
        (["trainer.population_size=1000000000000"], "trainer.population_size=1000000000000"),
    ],
)
def test_a_population_that_memory_cannot_hold_is_refused_before_anything_is_written(tmp_path, words, told):
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, told in done.stderr + done.stdout) == (2, True), done.stderr + done.stdout
    assert not (tmp_path / "home" / "runs").exists()
