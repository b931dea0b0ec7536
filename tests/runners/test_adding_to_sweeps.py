"""What docs/adding-things.md says of a key of sweeps and of a launcher, done in a copy; how many files it touches."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
HERE = Path(__file__).parent
RUN = ["-m", "tracking=none", "trainer.max_generations=3,4,5", "trainer.population_size=4"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its documents, in a folder of their own."""
    place = tmp_path / "copy"
    shutil.copytree(ROOT / "syntonic", place / "syntonic", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs", place / "docs", ignore=shutil.ignore_patterns("images"))
    return place


def section(name: str) -> str:
    """Returns a section of the page."""
    text = (ROOT / "docs" / "adding-things.md").read_text()
    return text.split(f"\n## {name}\n")[1].split("\n## ")[0]


def apply(place: Path, text: str) -> None:
    """Does what the differences of a section say."""
    for block in re.findall(r"```diff\n\+\+\+ (.*?)```", text, re.S):
        name, *lines = block.splitlines()
        before = "\n".join(line[1:] for line in lines if line[0] != "+")
        after = "\n".join(line[1:] for line in lines if line[0] != "-")
        there = (place / name).read_text()
        assert there.count(before) == 1, f"{name} has not once what is shown"
        (place / name).write_text(there.replace(before, after))


def files(place: Path) -> dict[str, str]:
    """Returns the digest of each file."""
    found = (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def touched(place: Path, before: dict[str, str]) -> set[str]:
    """Returns which files are new or another than before."""
    return {name for name, digest in files(place).items() if before.get(name) != digest}


def call(place: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs the command of the copy beside it."""
    environment = {**os.environ, "PYTHONPATH": str(place)}
    code = "import sys; from syntonic.runners.cli import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", code, *words]
    return subprocess.run(command, cwd=place.parent, env=environment, capture_output=True, text=True, timeout=120)


def test_the_table_of_the_documents_is_that_of_the_keys() -> None:
    code = "import runpy; print(runpy.run_path('docs/keys.py')['table'](), end='')"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert made in (ROOT / "docs" / "sweeps.md").read_text(), "uv run python docs/keys.py writes it"


@pytest.mark.slow
def test_a_key_of_sweeps_is_three_files(copy: Path) -> None:
    before = files(copy)
    apply(copy, section("A key of sweeps"))
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    subprocess.run([sys.executable, "docs/keys.py"], cwd=copy, env=environment, check=True)
    assert touched(copy, before) == {
        "syntonic/runners/sweep/settings.py",
        "syntonic/runners/sweep/report.py",
        "docs/sweeps.md",
    }
    assert "| `sweep.listed` | `30` |" in (copy / "docs" / "sweeps.md").read_text()
    assert "sweep.listed=30" in call(copy, ["--help"]).stdout
    assert "sweep.listed=" in call(copy, ["--complete", "sweep.li"]).stdout
    assert "must be at least 1" in call(copy, ["-m", "seed=0,1", "sweep.listed=0"]).stderr
    ended = call(copy, [*RUN, "sweep.listed=2"])
    assert ended.returncode == 0, ended.stderr
    (ending,) = copy.parent.glob(".syntonic/sweeps/*/tracking/ending.json")
    assert json.loads(ending.read_text())["ending"]["note"].count("| trainer.max_generations=") == 2


@pytest.mark.slow
def test_a_launcher_is_three_files(copy: Path) -> None:
    before, text = files(copy), section("A launcher")
    for kind, name in (("python", "runners/launchers/fresh.py"), ("yaml", "conf/hydra/launcher/fresh.yaml")):
        (code,) = re.findall(rf"```{kind}\n(.*?)```", text, re.S)
        assert f"syntonic/{name}" in text
        (copy / "syntonic" / name).write_text(code)
    apply(copy, text)
    assert len(touched(copy, before)) == 3
    assert "fresh" in call(copy, ["--help"]).stdout
    assert "must be at least 1" in call(copy, [*RUN, "hydra/launcher=fresh", "hydra.launcher.threads=0"]).stderr
    ended = call(copy, [*RUN, "hydra/launcher=fresh"])
    assert ended.returncode == 0, ended.stderr
    runs = list(copy.parent.glob(".syntonic/runs/*/tracking/request.json"))
    processes = {json.loads(path.read_text())["process"]["pid"] for path in runs}
    assert len(runs) == len(processes) == 3, "each in a process of its own"
    assert {json.loads(path.read_text())["config"]["trainer"]["threads"] for path in runs} == {1}
