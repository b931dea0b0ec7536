"""Every command of the README does what it says there, in the order in which it stands there."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic

README = (Path(syntonic.__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [re.sub(r"\s+#.*", "", line) for block in BLOCKS for line in block.splitlines() if line.startswith("uv run")]
RUNS = [command for command in COMMANDS if command.startswith("uv run syntonic-run")]
COMMAND = Path(sys.executable).with_name("syntonic-run")


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_every_command_is_known_here():
    assert set(COMMANDS) - set(RUNS) == {"uv run pytest"}
    assert all(f"$ {command}" not in README or command in RUNS for command in COMMANDS)


def shows_the_dashboard(folder: Path) -> str:
    """Starts `syntonic-run ui`, ends it when it has printed its address, and returns that line."""
    with (folder / "ui.log").open("w+") as log:
        child = subprocess.Popen(
            [COMMAND, "ui"], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, process_group=0
        )
        assert child.stdout is not None
        said = next((line for line in child.stdout if "http://" in line), "it ended without an address")
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
    return said


@pytest.mark.slow
def test_the_commands_work_one_after_another(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNTONIC_HOME", raising=False)
    for command in RUNS:
        words = shlex.split(command)[3:]
        if words == ["ui"]:
            assert "http://" in shows_the_dashboard(tmp_path)
            continue
        if words == ["resume=last"]:  # there is something to resume when a run was interrupted
            interrupted(tmp_path)
        done = subprocess.run([COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def interrupted(folder: Path) -> None:
    """Leaves a run that ended by Ctrl-C after its first lines."""
    long = ["benchmark.variant=noisy", "trainer.max_generations=20000", "tracking=none"]
    child = subprocess.Popen([COMMAND, *long], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while "generation" not in child.stdout.readline():
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode != 0


def test_the_output_that_is_shown_is_what_a_run_prints(tmp_path):
    done = subprocess.run([COMMAND, "tracking=none"], cwd=tmp_path, capture_output=True, text=True, check=True)
    (block,) = [block for block in BLOCKS if block.startswith("$ uv run syntonic-run\n")]
    shown = [stable(line) for line in block.splitlines()[1:] if line not in ("...", "")]
    assert [line for line in map(stable, done.stdout.splitlines()) if line in shown] == shown


def stable(line: str) -> str:
    """Returns a line without what differs from run to run: its id, and how fast it was."""
    return re.sub(r"\d{8}-\d{6}-\d+-[0-9a-f]{4}|[\d,]+ evaluations/s|\d:\d\d left", "", line).strip()
