"""Pages, examples, configs, help, messages and docstrings speak the field's language, not one of our own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.command.table import COMMANDS

ROOT = Path(syntonic.__file__).parent.parent
# What was said, and what is said now.
PRIVATE = {
    r"\bcrew\b": "thread pool",
    r"\bcouriers?\b": "client, uploader",
    r"\bverbs?\b": "command",
    r"\b(is|are) no numbers?\b": "NaN",
    r"\bgo(es|ne)? on with\b": "resume",
    r"\bsentences? (of|in|from) `?configs": "experiment config",
    r"\bconfig sentences?\b": "experiment config",
    r"\bmisspelt word": "misspelt key, option or name",
}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").glob("*.py"),
]
PAGES += [*(ROOT / "syntonic/conf").rglob("*.yaml"), *(ROOT / "syntonic/configs").glob("*.yaml")]
SOURCES = [*(ROOT / "syntonic").rglob("*.py")]
for crate in ("src", "classic/src", "py/src"):
    SOURCES += (ROOT / "rust_core" / crate).rglob("*.rs")


def texts(source: Path) -> Iterator[str]:
    """Returns what a program may say, and how it is documented."""
    if source.suffix == ".py":
        constants = (node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Constant))
        yield from (node.value for node in constants if isinstance(node.value, str))
    else:
        yield " ".join(re.findall(r"^\s*//[/!](.*)", source.read_text(), re.MULTILINE))
        yield from re.findall(r'"((?:[^"\\]|\\.)*)"', source.read_text())


def private(text: str) -> dict[str, str]:
    """Returns the terms of our own that are in a text, and what is said now."""
    text = " ".join(text.split())
    return {m[0]: better for said, better in PRIVATE.items() for m in re.finditer(said, text, re.IGNORECASE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_the_fields_terms(page):
    assert private(page.read_text()) == {}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.relative_to(ROOT).as_posix())
def test_messages_and_docstrings_use_the_fields_terms(source):
    assert [found for text in texts(source) if (found := private(text))] == []


def test_help_uses_the_fields_terms(capsys):
    for words in [["--help"], *([name, "--help"] for name in COMMANDS)]:
        assert main(words) == 0
        assert private(capsys.readouterr().out) == {}


def test_a_term_of_our_own_is_found():
    assert private("its score is\n  no number") == {"is no number": "NaN"}
