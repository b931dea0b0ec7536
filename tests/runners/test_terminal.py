"""What a person sees during a run and a sweep: on terminals of several widths, on dumb ones, in pipes and in CI."""

import fcntl
import math
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FAKE, HERE

from syntonic.runners.run.figures import figure
from syntonic.runners.run.status_line import Standing, clock, fitted, sparkline

WIDTHS = (120, 80, 60, 40)
PATIENCE = 120.0  # seconds without a word
RUN = ["trainer.max_generations=40", "trainer.seconds=0.02", "tracking=none"]
CURVE = re.compile("[▁▂▃▄▅▆▇█]{3,}")


def screen(folder: Path, columns: int, *words: str, **environment: str) -> list[str]:
    """Returns the lines that the command draws on a terminal, those that it draws over among them."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "COLUMNS", "LINES", "NO_COLOR")}
    fake = FAKE if "-cn" not in words else []
    child = subprocess.Popen(
        [sys.executable, str(HERE / "command.py"), *fake, *words],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **environment},
        start_new_session=True,
    )
    os.close(theirs)
    drawn, deadline = b"", time.monotonic() + PATIENCE
    while True:
        if not select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
            child.kill()
            raise AssertionError(f"it hangs: {drawn.decode()}")
        try:
            came = os.read(ours, 65536)
        except OSError:  # Linux says so when the last process has closed the terminal
            break
        if not came:
            break
        drawn += came
    os.close(ours)
    assert child.wait(timeout=60) == 0, drawn.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    return [line.rstrip() for line in re.split(r"[\r\n]+", text)]


def states(lines: list[str]) -> list[str]:
    """Returns the lines that tell how a run stands."""
    return [line for line in lines if re.search(r"\b\d+/40\b", line) and "loss" in line]


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_matters_is_never_cut(folder: Path, columns: int) -> None:
    lines = screen(folder, columns, *RUN)
    drawn = states(lines)
    assert len(drawn) > 2, lines
    for line in drawn:
        assert len(line) <= columns
        assert re.match(r"(generation )?\d+/40 +.*\d+%  (\d+:\d\d|-:--) left  loss \d\.\d+", line), line
        assert "━" in line or "─" in line or columns < 60, line
    assert re.search(r"\d+:\d\d left", drawn[-2]), drawn  # once it is known
    assert drawn[-1].removeprefix("generation ").startswith("40/40")
    assert CURVE.search(drawn[-1]) or columns < 60, drawn[-1]
    assert ("evaluations/s" in drawn[-1]) is (columns == 120)
    assert not any("…" in line for line in lines)


def test_the_line_is_drawn_while_the_core_computes(folder: Path) -> None:
    """A thread that asks the core for something, and holds what the core waits for, would never end."""
    lines = screen(folder, 100, "-cn", "digits", "trainer.max_generations=1500", "tracking=none")
    drawn = [line for line in lines if re.search(r"\b\d+/1500\b.* loss ", line)]
    assert len(drawn) >= 2
    assert "1500/1500" in drawn[-1]


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_result_is_read_at_every_width(folder: Path, columns: int) -> None:
    said = " ".join(screen(folder, columns, *RUN))
    for wanted in ("train", "test", "chance", "0.7500", "0.5000", "FINISHED after 40 of 40"):
        assert wanted in said
    assert "…" not in said


@pytest.mark.parametrize(
    ("environment", "columns"), [({"TERM": "dumb"}, 80), ({"CI": "true"}, 80), ({"TERM": "dumb"}, 40)]
)
def test_a_dumb_terminal_and_ci_get_plain_lines(folder: Path, environment: dict[str, str], columns: int) -> None:
    plain = [line for line in screen(folder, columns, *RUN, **environment) if "loss" in line and "/40" in line]
    assert len(plain) == 10
    assert all(re.match(r"generation +\d+/40 +\d+%  \d+:\d\d left  loss \d\.\d{4}  accuracy", line) for line in plain)


def test_a_pipe_gets_plain_lines(folder: Path, process: Callable[..., "subprocess.Popen[str]"]) -> None:
    said, _ = process(*RUN).communicate(timeout=60)
    assert "\x1b" not in said
    found = re.findall(r"^generation +(\d+)/40 +(\d+)%  \d+:\d\d left  loss \d\.\d{4}  .*evaluations/s$", said, re.M)
    assert found == [(str(4 * tenth), str(10 * tenth)) for tenth in range(1, 11)]


def test_there_is_one_figure_of_speed(folder: Path, process: Callable[..., "subprocess.Popen[str]"]) -> None:
    said, _ = process(*RUN).communicate(timeout=60)
    *_, last, summary = (float(text.replace(",", "")) for text in re.findall(r"([\d,.]+) evaluations/s", said))
    assert math.isclose(last, summary, rel_tol=0.05)  # the same time and the same count, a moment later


@pytest.mark.parametrize("columns", WIDTHS)
def test_runs_side_by_side_keep_name_and_status(folder: Path, columns: int) -> None:
    sweep = ["-m", "seed=0,1", "trainer.sigma=0.1,0.25", "sweep.parallel=2", "trainer.seconds=0.05", "tracking=none"]
    lines = screen(folder, columns, *sweep)
    live = [line for line in lines if re.search(r"\b(running|waiting)\b", line)]
    assert live, lines
    assert all(len(line) <= columns for line in lines if line in live)
    for seed in (0, 1):
        for sigma in (0.1, 0.25):
            name = f"seed={seed} trainer.sigma={sigma}"
            assert any(line.startswith(name) for line in live), (name, live)
    assert any(re.search(r"\d of 4 runs, \d+:\d\d, .* left", line) for line in lines), lines


def test_quiet_says_nothing_unless_something_is_wrong(
    folder: Path, process: Callable[..., "subprocess.Popen[str]"]
) -> None:
    well = process("--quiet", *RUN)
    assert well.communicate(timeout=60)[0] == ""
    assert well.returncode == 0
    ill = process("-q", *RUN, "trainer.fails_at=3")
    said = ill.communicate(timeout=60)[0]
    assert ill.returncode == 1
    assert "FAILED (RuntimeError: the core is on fire)" in said
    assert len(said.splitlines()) == 1
    sweep = process("-q", "-m", "trainer.fails_at=null,3", "tracking=none", "trainer.max_generations=5")
    said = sweep.communicate(timeout=60)[0]
    assert sweep.returncode == 1
    assert re.fullmatch(r"failed: trainer.fails_at=3: RuntimeError: the core is on fire\n", said)


@pytest.mark.parametrize("total", [1, 40, 20_000, 1_000_000])
@pytest.mark.parametrize("loss", [0.5, 1e-7, 12345.678, math.nan])
@pytest.mark.parametrize("left", [0.0, 65.0, 3700.0, 1e6, math.nan])
def test_the_line_fits(total: int, loss: float, left: float) -> None:
    metrics = {"loss": loss, "accuracy": 0.5, "syntony": 0.25}
    now = Standing(total // 2, total, metrics, left, 1.5e6, [3.0, 2.0, loss])
    lines = {width: fitted(now, width) for width in range(40, 200)}
    assert all(len(line) <= width for width, line in lines.items())
    assert all(f"{total // 2}/{total}" in line and clock(left) in line for line in lines.values())
    assert all(figure(loss) in line for line in lines.values())
    assert all(" left" in line and "loss " in line for width, line in lines.items() if width >= 50 or total <= 40)
    kinds = ["evaluations/s", "syntony", "accuracy"]
    for narrow, wide in zip(range(40, 199), range(41, 200), strict=True):
        there = [kind in lines[narrow] for kind in kinds]
        assert there == sorted(there)  # throughput goes first, then syntony
        assert all(kind in lines[wide] for kind in kinds if kind in lines[narrow])


def test_a_terminal_of_ascii_gets_ascii() -> None:
    now = Standing(3, 10, {"loss": 0.5}, 1.0, 10.0, [3.0, 2.0, 1.0])
    assert all(fitted(now, width, plain=True).isascii() for width in (120, 80, 60, 40))
    assert "[##" in fitted(now, 80, plain=True)


def test_odd_losses_draw_something() -> None:
    assert sparkline([1e308, -1e308, math.inf], 5) == "█▁ "
    assert sparkline([1.0] * 1000, 5) == "▁" * 5
    assert len(sparkline([float(value) for value in range(17)], 12)) == 12
