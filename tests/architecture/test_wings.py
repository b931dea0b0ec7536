"""The classic wing holds what no run uses: nothing outside it uses it, and what is left is small."""

import re
from pathlib import Path

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
CRATES = ROOT / "rust_core"
# Registers the wing's names beside the core's.
DOOR = CRATES / "py/src/lib.rs"
MOST = 24_600


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


def test_the_core_is_small():
    lines = sum(len(path.read_text().splitlines()) for path in core("*.rs", "*.cu", "*.cuh"))
    assert lines <= MOST, f"{lines} lines of Rust and CUDA: what no run uses belongs into the classic wing"
