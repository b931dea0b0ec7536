"""One thing per file: a file of the library that has grown past a few screens holds two."""

from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent
CRATES = ROOT.parent / "rust_core"
LONGEST = 350
GENERATED = {ROOT / "_core.pyi"}
FILES = [path for kind in ("*.py", "*.pyi", "*.yaml") for path in ROOT.rglob(kind)]
FILES += [path for kind in ("*.rs", "*.cu", "*.cuh", "*.h") for path in CRATES.rglob(kind) if "tests" not in path.parts]


@pytest.mark.parametrize("path", sorted(set(FILES) - GENERATED), ids=lambda p: p.relative_to(ROOT.parent).as_posix())
def test_a_file_is_short(path):
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST, f"{lines} lines: split it by subject"
