"""The unsafe code between Python and the core under valgrind: no byte is read or written that is not ours to touch.

`rust_core/py/src/buffer.rs` and `dlpack.rs` are the only unsafe code that runs without a GPU. Faults that valgrind sees
in Python and NumPy themselves are not ours: a fault counts if one of its stacks, of the access, the allocation or the
release, leads through the extension.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXERCISE = Path(__file__).with_name("exchange_exercise.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind, as apt install valgrind brings"),
]


def faults(log: Path, *words: str) -> list[str]:
    """Runs the exercise under valgrind and returns the faults in which the extension has a part."""
    # Python's own allocator would hide from valgrind where a block ends.
    environment = {**os.environ, "PYTHONMALLOC": "malloc", "OPENBLAS_NUM_THREADS": "1"}
    options = ["-q", "--undef-value-errors=no", "--num-callers=40", f"--log-file={log}"]
    done = subprocess.run(
        ["valgrind", *options, sys.executable, str(EXERCISE), *words], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "done\n", done.stderr
    blocks = re.split(r"^==\d+== \n", log.read_text(), flags=re.MULTILINE)
    return [block for block in blocks if re.search(r"\.rs:\d+\)|_core\.abi3\.so", block)]


def test_exchange_touches_only_its_own_memory(tmp_path: Path) -> None:
    assert faults(tmp_path / "log") == []


def test_a_fault_would_be_seen(tmp_path: Path) -> None:
    (found,) = faults(tmp_path / "log", "fault")
    assert "Invalid read" in found
    assert "free'd" in found
