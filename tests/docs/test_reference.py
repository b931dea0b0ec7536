"""The reference names every key that a config may set, and every command."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from syntonic.runners.command.table import COMMANDS

ROOT = Path(__file__).parents[2]
CONF = ROOT / "syntonic" / "conf"
GROUPS = ("model", "benchmark", "trainer", "callbacks", "tracking", "hydra/sweeper", "hydra/launcher")
OPTIONS = [path for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sections(page: str) -> dict[str, str]:
    """Text of the page by heading."""
    return {part.partition("\n")[0].lstrip("# "): part for part in page.split("\n##")}


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_key_of_an_option_is_in_the_reference(reference, path: Path):
    found = sections(reference.settings())
    kind = {"callbacks": "callback"}.get(path.parent.name, path.parent.name)
    whole = yaml.safe_load(path.read_text()) or {}
    entries = [entry for entry in (whole, *whole.values()) if isinstance(entry, dict) and "name" in entry]
    for entry in entries:
        text = found[f"{kind} {entry['name']}"]
        for key in entry.keys() - {"name", "defaults"}:
            if not (isinstance(entry[key], dict) and "name" in entry[key]):
                assert f"| `{key}` |" in text, f"{path.name}: {key}"
    assert f"={path.stem}`" in found[str(path.parent.relative_to(CONF))]


def test_every_command_is_in_the_reference(reference):
    page = reference.commands()
    assert [name for name in COMMANDS if f"## {name}\n" not in page] == []


def test_what_a_docstring_says_of_an_argument_is_in_the_table(reference):
    text = sections(reference.settings())["callback early_stop"]
    assert "| `patience` | `null` | int, at least 1; or null |" in text


def test_what_user_code_imports_is_in_the_reference(reference):
    page = sections(reference.python())
    assert "| `run(overrides=(), config_name=None" in page["syntonic"]
    for module, names in {
        "syntonic": ["sweep", "load"],
        "syntonic.sn": ["Module"],
        "syntonic.nn.training": ["Callback"],
    }.items():
        assert [name for name in names if f"| `{name}(" not in page[module]] == []
    assert all(part.count("\n| `") > 2 for name, part in page.items() if name.startswith("syntonic"))
