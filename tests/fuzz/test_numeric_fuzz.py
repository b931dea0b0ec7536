"""Hostile calls of the numeric core end in an `Exception`, never in the end of the process, and the next call works.

Seconds here; `make fuzz` does hours. `numeric_corpus.txt` holds the calls that once ended otherwise, one on each line.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORPUS = [line for line in (HERE / "numeric_corpus.txt").read_text().splitlines() if line and not line.startswith("#")]
CALLS = int(os.environ.get("SYNTONIC_FUZZ_CALLS", "2000"))
FIRST = int(os.environ.get("SYNTONIC_FUZZ_SEED", "0")) * 10**8
EACH = 2000
MEBIBYTES = "3000"


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=HERE, timeout=3600)


@pytest.mark.parametrize("first", range(FIRST, FIRST + CALLS, EACH))
def test_hostile_calls(first):
    ended = python("numeric_calls.py", str(first), str(min(EACH, FIRST + CALLS - first)), MEBIBYTES)
    assert ended.returncode == 0, f"{ended.returncode}: {ended.stderr[-3000:]}"
    # Most calls are of the right kind, and some of these succeed.
    assert "'value'" in ended.stdout


def test_what_was_found_stays_mended():
    """Every call of the corpus in one process, which has to survive them all."""
    assert CORPUS
    ended = python("replay.py", MEBIBYTES)
    assert ended.returncode == 0, f"{ended.returncode}: {ended.stderr[-3000:]}"
    assert ended.stdout.count("\n") == len(CORPUS)


def test_the_limit_is_one():
    """What the corpus needs is refused by the machine: an allocation of that size fails."""
    code = f"import numeric_calls, numpy as np; numeric_calls.limit({MEBIBYTES}); np.ones(2**30)"
    assert "MemoryError" in python("-c", code).stderr


def test_a_fault_would_be_seen():
    """A process that aborts, an error that is no `Exception`, and a call that never ends."""
    for call, sign in (
        ("(_ for _ in ()).throw(BaseException('planted'))", "no Exception"),
        ("__import__('os').abort()", ""),
    ):
        code = f"import numeric_calls as n; n.start({MEBIBYTES}); n.run({call!r})"
        ended = python("-c", code)
        assert ended.returncode != 0
        assert sign in ended.stderr
