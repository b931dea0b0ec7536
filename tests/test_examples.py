"""The numbered examples run in an empty folder, and each ends in an assert about what it showed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic

EXAMPLES = sorted((Path(syntonic.__file__).parent.parent / "examples").glob("*.py"))
SLOW = {"06_resume.py", "07_serve.py"}


def test_they_are_numbered_from_one():
    assert [int(path.name[:2]) for path in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_ends_in_an_assert(path):
    assert isinstance(ast.parse(path.read_text()).body[-1], ast.Assert)


@pytest.mark.parametrize(
    "path", [pytest.param(p, marks=[pytest.mark.slow] if p.name in SLOW else [], id=p.name) for p in EXAMPLES]
)
def test_it_runs(path, tmp_path, monkeypatch):
    monkeypatch.delenv("SYNTONIC_HOME", raising=False)
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
