"""What is written of the keys of a config, in its file, the help and the documents, is what they say themselves."""

import json
import re
import runpy
from pathlib import Path

import pytest
import yaml

import syntonic
from syntonic.runners.cli import main

ROOT = Path(syntonic.__file__).parent.parent


def test_the_files_are_those_that_are_made_of_the_keys() -> None:
    for path, text in runpy.run_path(str(ROOT / "docs" / "keys.py"))["pages"]().items():
        assert path.read_text() == text, "uv run python docs/keys.py writes it"


def test_the_help_has_every_key_of_the_config(capsys: pytest.CaptureFixture[str]) -> None:
    config = yaml.safe_load((ROOT / "syntonic" / "conf" / "config.yaml").read_text())
    groups = [group for line in config.pop("defaults") if isinstance(line, dict) for group in line]
    config.pop("hydra")  # Hydra's own
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert config
    for key, value in config.items():
        assert f"\n  {key}={json.dumps(value).strip(chr(34))} " in shown
    for group in groups:
        if not group.startswith("override "):
            assert re.search(rf"^  {group} +\w", shown, re.MULTILINE)
