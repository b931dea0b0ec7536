"""Outputs that cannot be written to: what is lost is text alone, never a run, and no exit code changes."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.run.progress import Output
from syntonic.runners.run.streams import Lenient

HERE = Path(__file__).parent
FAKE = ["-cd", str(HERE / "configs"), "-cn", "fake"]
RUN = [*FAKE, 'name="φ run"', "trainer.max_generations=3", "tracking=none"]
ORDERS: list[tuple[list[str], int]] = [
    (RUN, 0),
    ([*RUN, "-m", "seed=1,2"], 0),
    ([*RUN, "trainer.fails_at=2"], 1),
    (["ls"], 0),
    ([*RUN, "naem=φ"], 2),
    (["compare", "last", "last"], 0),
    (["report"], 0),
    (["sync"], 0),
    (["--help"], 0),
    ([*RUN, "--cfg"], 0),
]
HOSTILE = {
    "latin-1": "",
    "ascii": "",
    "no stdout": ">&-",
    "no stream": "<&- >&- 2>&-",
    "full": ">/dev/full 2>/dev/full",
    "nobody reads": "| true",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_output_changes_no_exit_code(folder: Path, kind: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": kind} if kind in ("latin-1", "ascii") else dict(os.environ)
    lines = [
        f'"{sys.executable}" "{HERE / "command.py"}" "$@" {HOSTILE[kind]}',
        'exit "${PIPESTATUS[0]}"',
    ]
    for words, expected in ORDERS if kind in ("latin-1", "nobody reads") else ORDERS[:5]:
        ended = subprocess.run(["bash", "-c", "\n".join(lines), "bash", *words], capture_output=True, env=environment)
        assert ended.returncode == expected, (words, ended.stderr)
        assert b"Traceback" not in ended.stderr + ended.stdout
        assert b"Exception ignored" not in ended.stderr
    assert [facts(run)["title"] for run in runs(folder)] == ["φ run"] * 4
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"] * 3 + ["FAILED"]


def test_what_an_encoding_lacks_is_replaced() -> None:
    inner = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert Lenient(inner).write("ä φ run") == 7
    inner.flush()
    assert inner.buffer.getvalue() == "ä ? run".encode("latin-1")  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", [BrokenPipeError, OSError, ValueError])
def test_a_console_takes_everything(fault: Callable[[], Exception]) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise fault()

    console = Output()
    console.file = Broken()
    console.print("a run goes on")
    assert not console.quiet
