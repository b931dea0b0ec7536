"""The page on own data does what it says."""

import random
import re
import shlex
from pathlib import Path

import own_data

import syntonic
from syntonic.runners.cli import main

PAGE = (Path(syntonic.__file__).parent.parent / "docs/own-data.md").read_text()
COMMANDS = re.findall(r"^syntonic-run .*", PAGE, re.MULTILINE)


def flowers() -> str:
    """The table of the page, made longer: clouds about its three rows."""
    source, (head, *rows) = random.Random(0), re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)[0].splitlines()
    lines = [head]
    for number in range(150):
        length, width, garden, kind = rows[number % 3].split(",")
        lines.append(
            f"{float(length) + source.gauss(0, 0.1):.2f},{float(width) + source.gauss(0, 0.1):.2f},{garden},{kind}"
        )
    lines[1] = lines[1].replace("north", "south")  # or the garden would tell one of them
    return "\n".join(lines) + "\n"


def test_the_commands_do_what_the_page_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers.csv").write_text(flowers())
    (tmp_path / "book.txt").write_text(PAGE * 4)
    own_data.images(tmp_path)
    (tmp_path / "images").rename(tmp_path / "photos")
    own_data.series(tmp_path)
    (tmp_path / "series.csv").rename(tmp_path / "sensor.csv")
    assert len(COMMANDS) == 4
    for command in COMMANDS:
        assert main([*shlex.split(command)[1:], "tracking=none"]) == 0
    said = capsys.readouterr().out
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown in said
    assert "accuracy" in said
