"""Pages that are followed word by word in an empty folder: files are saved, commands typed, Ctrl-C pressed."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import syntonic

DOCS = Path(syntonic.__file__).parent.parent / "docs"
COMMAND = Path(sys.executable).with_name("syntonic-run")
ROOT = DOCS.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w/]+\.\w+)`:?$")
INTERRUPTED = 130
# What is not typed here, and what is checked of it: extras, targets and files that are there.
EXTRAS = "|".join(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
TARGETS = "|".join(re.findall(r"^(\w+):(?! \w+ =)", (ROOT / "Makefile").read_text(), re.M))
ELSEWHERE = {
    "pip": rf"^pip install (\S+\.whl|'(syntonic|\S+\.whl)\[({EXTRAS})(,({EXTRAS}))*\]')( [a-z][a-z0-9-]*)*$",
    "make": rf"^make ({TARGETS})$",
    "uv": r"^uv run syntonic-run( --version)?$",
    "git": r"^git clone ",
    "docker": r"^docker (build -t syntonic \.|run --rm .* syntonic )",
}
FOLLOWED = ("own-model", "trained", "tutorial", "sweeps", "faq", "install", "index")  # by the tests of this file
KNOWN = {"own-data": "test_own_data.py", "own-fitness": "test_own_fitness.py", "adding-things": "../repository_copy.py"}


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
            elif language == "console":
                for line in re.findall(r"^\$ (.*)", text, re.MULTILINE):
                    self.type(line)

    def type(self, line: str) -> None:
        """Types a command."""
        self.done.append(line)
        first, *words = shlex.split(self.here(line), comments=True)
        if first in ELSEWHERE:
            assert re.search(ELSEWHERE[first], line), line
            return
        program = {"syntonic-run": [str(COMMAND)], "python": [sys.executable]}[first]
        if words[-1:] == ["^C"]:
            self.interrupt([*program, *words[:-1]], "generation")
        elif words[:1] == ["ui"]:
            self.interrupt([*program, *words], "http://", code=0)
        else:
            self.run([*program, *words])

    def here(self, line: str) -> str:
        """Returns a command with what only its writer had: the ids of his runs, the newest last, and his server."""
        for shown in re.findall(r"\b\d{8}-\d{6}\b", line):
            line = line.replace(shown, self.runs()[0]["id"])
        for shown in re.findall(r"\b[0-9a-f]{12}\b", line):
            line = line.replace(shown, max((self.folder / ".syntonic" / "sweeps").iterdir()).name)
        return re.sub(r"\bRUN\b", "last", line.replace("http://server:5000", f"sqlite:///{self.folder}/server.db"))

    def run(self, words: list[str]) -> None:
        """Runs a program to its end, which must be a good one."""
        done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        self.said += done.stdout

    def interrupt(self, words: list[str], until: str, code: int = INTERRUPTED) -> None:
        """Presses Ctrl-C when a command has said something."""
        child = subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        while until not in (line := child.stdout.readline()):
            assert line, "it has ended before Ctrl-C"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        assert child.returncode == code

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


def test_every_block_of_code_is_followed():
    for path in DOCS.rglob("*.md"):
        kinds = {kind for kind, _ in BLOCK.findall(path.read_text())}
        assert path.read_text().count("```") == 2 * len(BLOCK.findall(path.read_text())), (
            f"{path}: a block has no language"
        )
        if kinds - {"text"} and path.stem not in FOLLOWED:
            assert f"{path.stem}.md" in (Path(__file__).parent / KNOWN[path.stem]).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["index", "install", "sweeps"])
def test_commands_can_be_typed_in_this_order(tmp_path, page):
    reader = Reader(tmp_path)
    reader.follow((DOCS / f"{page}.md").read_text())
    assert reader.done
    assert {run["status"] for run in reader.runs()} <= {"FINISHED"}


@pytest.mark.slow
def test_the_questions_have_answers(tmp_path):
    for package in ("wandb", "sklearn"):
        pytest.importorskip(package)
    reader = Reader(tmp_path)
    reader.follow((DOCS / "faq.md").read_text())
    runs = reader.runs()
    (removed,) = [json.loads(path.read_text()) for path in tmp_path.glob(".syntonic/bin/*/run.json")]
    assert removed["status"] == "FINISHED", "it was interrupted, resumed and thrown away"
    assert list(tmp_path.glob(".syntonic/runs/*/metrics.csv"))
    assert list(tmp_path.glob(".syntonic/runs/*/wandb/offline-run-*/*.wandb"))
    assert any("backprop_test_accuracy" in run["results"] for run in runs)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_tutorial(tmp_path):
    pytest.importorskip("mlflow")
    reader = Reader(tmp_path)
    reader.follow((DOCS / "tutorial.md").read_text())
    runs = reader.runs()
    assert [run["title"] for run in runs[:3]] == ["digits-retrocausal-s1", "digits-es", "xor-retrocausal-s0"]
    assert len(runs) == 3 + 6
    assert (tmp_path / "server.db").exists()
