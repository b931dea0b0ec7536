"""The pages, the examples and the comments of the configs speak the field's language, not one of our own."""

import re
from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
# What was said, and what is said now.
PRIVATE = {
    r"\bcrew\b": "thread pool",
    r"\bcouriers?\b": "client, uploader",
    r"\bverbs?\b": "command",
    r"\b(is|are) no numbers?\b": "NaN",
    r"\bgo(es|ne)? on with\b": "resume",
    r"\bsentences? (of|in|from) `?configs": "experiment config",
    r"\bmisspelt word": "misspelt key, option or name",
}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").glob("*.py"),
]
PAGES += [*(ROOT / "syntonic/conf").rglob("*.yaml"), *(ROOT / "syntonic/configs").glob("*.yaml")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_the_fields_terms(page):
    text = " ".join(page.read_text().split())
    found = {m[0]: better for said, better in PRIVATE.items() for m in re.finditer(said, text, re.IGNORECASE)}
    assert found == {}
