"""The page on a fitness of one's own does what it says."""

import json
import re
import shlex
from pathlib import Path

import syntonic
from syntonic.runners.cli import main

PAGE = (Path(syntonic.__file__).parent.parent / "docs/own-fitness.md").read_text()
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^syntonic-run .*", PAGE, re.MULTILINE)


def test_the_commands_do_what_the_page_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "mine.py").write_text(CODE)
    assert len(COMMANDS) == 3
    for command in COMMANDS:
        assert main([*shlex.split(command)[1:], "tracking=none"]) == 0
    found = [json.loads(path.read_text())["results"] for path in tmp_path.glob(".syntonic/runs/*/run.json")]
    assert max(each.get("fitness", -1.0) for each in found) > -0.01, "the line goes through the points"
    assert max(each.get("mean_return", 0.0) for each in found) >= 8.0, "a pole takes that long to fall"
