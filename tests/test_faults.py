"""The tables of faults and of what the documents show: each line of the lists is there, and each test that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LISTS = (("A", 20), ("B", 21), ("C", 16), ("D", 19), ("E", 13))  # faults of three kinds, calls, benchmarks
TEXT = "".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in ("faults", "documented"))
ROWS = re.findall(r"^\| ([A-E]\d+) \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)


def test_every_line_of_the_lists_is_there_once() -> None:
    assert [row[0] for row in ROWS] == [f"{kind}{number}" for kind, last in LISTS for number in range(1, last + 1)]


@pytest.mark.parametrize(("line", "tests"), [(row[0], row[2]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_its_tests_are_there(line: str, tests: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert named
    for file, name in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{line}: there is no {name} in {file}"
