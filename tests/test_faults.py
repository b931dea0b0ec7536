"""The table of faults in docs/faults.md: every line of the list is there, and so is every test that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = re.findall(
    r"^\| ([ABC]\d+) \| (.+) \| (.+) \| (.+) \|$", (ROOT / "docs" / "faults.md").read_text(), re.MULTILINE
)


def test_every_line_of_the_list_is_there_once() -> None:
    expected = [f"{kind}{number}" for kind, last in (("A", 20), ("B", 21), ("C", 16)) for number in range(1, last + 1)]
    assert [row[0] for row in ROWS] == expected


@pytest.mark.parametrize(("line", "tests"), [(row[0], row[3]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_its_tests_are_there(line: str, tests: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert named
    for file, name in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{line}: there is no {name} in {file}"
