"""Pages that are followed word by word in an empty folder: files are saved, commands typed, Ctrl-C pressed."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import syntonic

DOCS = Path(syntonic.__file__).parent.parent / "docs"
COMMAND = Path(sys.executable).with_name("syntonic-run")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w/]+\.\w+)`:?$")
INTERRUPTED = 130


@dataclass
class Reader:
    """Somebody who does what a page says, in `folder`."""

    folder: Path
    done: list[str] = field(default_factory=list)
    said: str = ""

    def follow(self, page: str) -> None:
        """Goes through the blocks: a file is named by the words before it, other Python is typed in."""
        for block in BLOCK.finditer(page):
            language, text = block.groups()
            name = NAMED.search(page[: block.start()].rstrip())
            if name and language != "sh":
                path = self.folder / name[1]
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            elif language == "python":
                self.run([sys.executable, "-c", text])
            elif language == "sh":
                for line in text.splitlines():
                    self.type(line)

    def type(self, line: str) -> None:
        """Types a command."""
        self.done.append(line)
        first, *words = shlex.split(line)
        if first == "pip":  # what the tests are run with is installed
            return
        program = {"syntonic-run": [str(COMMAND)], "python": [sys.executable]}[first]
        if words[-1] == "^C":
            self.interrupt([*program, *words[:-1]])
        else:
            self.run([*program, *words])

    def run(self, words: list[str]) -> None:
        """Runs a program to its end, which must be a good one."""
        done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        self.said += done.stdout

    def interrupt(self, words: list[str]) -> None:
        """Presses Ctrl-C while a run is going."""
        child = subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        while "generation" not in (line := child.stdout.readline()):
            assert line, "it has ended before Ctrl-C"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        assert child.returncode == INTERRUPTED

    @property
    def environment(self) -> dict[str, str]:
        """A user who has never been here."""
        return {**os.environ, "XDG_STATE_HOME": str(self.folder / ".state"), "SYNTONIC_HOME": ""}

    def runs(self) -> list[dict]:
        """What the records of all runs say, the oldest first."""
        return [json.loads(p.read_text()) for p in sorted((self.folder / ".syntonic" / "runs").glob("*/run.json"))]


def weights(folder: Path, run: str) -> bytes:
    return max((folder / ".syntonic" / "runs" / run / "checkpoints").glob("gen-*/state.safetensors")).read_bytes()


@pytest.mark.slow
def test_your_own_model_and_data_in_ten_minutes(tmp_path):
    pytest.importorskip("onnxruntime")
    reader = Reader(tmp_path / "own")
    reader.folder.mkdir()
    reader.follow((DOCS / "own-model.md").read_text())
    assert "equal answers" in reader.said
    runs = reader.runs()
    assert [run["status"] for run in runs] == ["FINISHED"] * 7, "one run of the sweep was there before"
    assert runs[1]["results"]["test_accuracy"] > 0.8
    assert runs[2]["reason"] == "early stop"
    assert [use["name"] for use in runs[3]["uses"]] == ["towers.py", "enough.py"]
    with (reader.folder / "answers.csv").open(newline="") as file:
        answers = [row["kind"] for row in csv.DictReader(file)]
    assert sum(answer == "abc"[number % 3] for number, answer in enumerate(answers)) > 0.8 * len(answers) == 48

    # The run that was interrupted has the bits of one that was not.
    (interrupted,) = [line for line in reader.done if line.endswith("^C")]
    whole = Reader(tmp_path / "whole")
    whole.folder.mkdir()
    for name in ("kinds.csv", "towers.py", "enough.py", "conf"):
        (whole.folder / name).symlink_to(reader.folder / name)
    whole.type(interrupted.removesuffix(" ^C"))
    (alone,) = whole.runs()
    assert weights(whole.folder, alone["id"]) == weights(reader.folder, runs[3]["id"])
    assert alone["inputs"] == runs[3]["inputs"]


@pytest.mark.slow
def test_using_a_trained_model(tmp_path):
    pytest.importorskip("onnx")
    reader = Reader(tmp_path)
    reader.follow((DOCS / "trained.md").read_text())
    first, second = reader.runs()
    assert first["results"]["test_accuracy"] == 1.0
    assert second["config"]["init_from"] == first["id"]
    assert (tmp_path / "answers.csv").read_text().startswith("output_0\n")
    assert {path.name for path in tmp_path.glob("*.*")} >= {"model.npz", "model.onnx", "weights.safetensors"}
    assert "layers" in reader.said or "weight" in reader.said
    assert "on xor, seed 7" in reader.said
