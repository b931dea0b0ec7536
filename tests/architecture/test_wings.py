"""The classic wing holds what no run uses: nothing outside it uses it, and what is left is small."""

import ast
import re
from pathlib import Path

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
CRATES = ROOT / "rust_core"
# Registers the wing's names beside the core's.
DOOR = CRATES / "py/src/lib.rs"
# Members, perturbed activations with what regularises them, devices by position, members of every model on a GPU,
# long sums and numbers at the ends of their format, hostile arguments, processors with sixteen vector registers,
# whole models as one kernel.
MOST = 25_000 + 3_560 + 2_000 + 900 + 250 + 2_300


def core(*kinds: str) -> list[Path]:
    """Sources of the core: what a contributor must know."""
    rooms = (CRATES / "src", CRATES / "kernels", CRATES / "py/src")
    files = [path for room in rooms for kind in kinds for path in room.rglob(kind)]
    return sorted(path for path in files if "classic" not in path.relative_to(CRATES).parts)


def test_nothing_outside_uses_the_wing():
    for path in core("*.rs", "*.cu", "*.cuh"):
        if path != DOOR:
            assert not re.search(r"\bclassic\b|syntonic_classic", path.read_text()), f"{path} uses the classic wing"
    assert "classic::register" in DOOR.read_text()


def registered(folder: Path) -> set[str]:
    """Names that the files of a folder of bindings add to the module."""
    text = "\n".join(path.read_text() for path in folder.rglob("*.rs"))
    patterns = (r"wrap_pyfunction!\((\w+)", r"m\.add\(\"(\w+)\"", r"add_class::<(\w+)>", r"^ {8}(py_\w+),$")
    return {name for pattern in patterns for name in re.findall(pattern, text, re.M)}


def test_no_python_outside_uses_the_wing():
    """Neither `syntonic.classic` nor a name of `syntonic._core` that the wing registers."""
    names = registered(CRATES / "py/src/classic")
    assert {"GoldenExact", "linalg_mm", "STRUCTURES", "spectrum"} <= names
    for path in (ROOT / "syntonic").rglob("*.py"):
        if "classic" in path.parts or path.name == "compat.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not node.module.startswith("syntonic.classic"), f"{path} uses the classic wing"
                used = {alias.name for alias in node.names} if node.module == "syntonic._core" else set()
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_core":
                used = {node.attr}
            else:
                continue
            assert not used & names, f"{path} uses {sorted(used & names)} of the classic wing"


def test_the_core_is_small():
    lines = sum(len(path.read_text().splitlines()) for path in core("*.rs", "*.cu", "*.cuh"))
    assert lines <= MOST, f"{lines} lines of Rust and CUDA: what no run uses belongs into the classic wing"
