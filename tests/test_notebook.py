"""The notebook's cells run one after another in an empty folder, as a kernel would run them; it holds no outputs."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic

NOTEBOOKS = sorted((Path(syntonic.__file__).parent.parent / "examples").glob("*.ipynb"))
SHOW = "(lambda shown: shown._repr_html_() if hasattr(shown, '_repr_html_') else repr(shown))"


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def as_script(path: Path) -> str:
    """The code of all cells; what a cell ends in is shown."""
    parts = []
    for cell in cells(path, "code"):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body[-1]
        if isinstance(last, ast.Expr) and not (
            isinstance(last.value, ast.Call) and ast.unparse(last.value.func) == "print"
        ):
            tree.body[-1] = ast.parse(f"print({SHOW}({ast.unparse(last)}))").body[0]
        parts.append(ast.unparse(tree))
    return "\n".join(parts)


def test_there_is_one():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_a_plain_notebook(path):
    whole = json.loads(path.read_text())
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 4)
    assert {frozenset(cell) for cell in cells(path, "markdown")} == {frozenset({"cell_type", "metadata", "source"})}
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert isinstance(ast.parse("".join(cells(path, "code")[-1]["source"])).body[-1], ast.Assert)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_its_cells_run(path, tmp_path):
    (tmp_path / "cells.py").write_text(as_script(path))
    done = subprocess.run([sys.executable, "cells.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "<svg" in done.stdout
    assert "<table>" in done.stdout
