"""Values of a user's YAML file that YAML 1.1 reads as other ones than the command line does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.cli import main

TRAPS = [
    ("seed: 010", "'010' in line 4, which YAML reads as 8"),
    ("seed: 0_10", "reads as 8"),
    ("seed: 0x1F", "reads as 31"),
    ("seed: 0b101", "reads as 5"),
    ("seed: 1:30", "reads as 90"),
    ("seed: 1:30:00", "reads as 5400"),
    ("seed: 1__0", "reads as 10"),
    ("trainer: {sigma: 0:30.5}", "reads as 30.5"),
    ("trainer: {sigma: 00.1, population_size: 010}", "'010'"),
    ("name: no", "reads as false"),
    ("name: Yes", "reads as true"),
    ("name: ON", "reads as true"),
    ("model:\n  hidden: [8, 010]", "line 5"),
    ("model:\n  hidden:\n  - off", "line 6"),
    ("on: 1", "reads as true"),
    ("note: &a 017\nname: *a", "reads as 15"),
]
PLAIN = [
    ("seed: 10", 10),
    ("seed: 1_0", 10),
    ("seed: +7", 7),
    ("seed: 0", 0),
]
HEAD = "defaults:\n  - fake\n  - _self_\n"


def write(folder: Path, text: str) -> None:
    """Writes a config of the user's own, which states a difference from the fake one."""
    (folder / "conf").mkdir()
    (folder / "conf" / "mine.yaml").write_text(HEAD + text + "\n")


@pytest.mark.parametrize(("text", "expected"), TRAPS, ids=[text for text, _ in TRAPS])
def test_a_trap_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str) -> None:
    write(folder, text)
    assert main(["-cn", "mine", "-cd", str(Path(__file__).parent / "configs"), "tracking=none"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "mine.yaml" in said
    assert said.count("\n") == 1
    assert not runs(folder)


@pytest.mark.parametrize(("text", "seed"), PLAIN, ids=[text for text, _ in PLAIN])
def test_what_means_the_same_is_read(folder: Path, command: Callable[..., int], text: str, seed: int) -> None:
    write(folder, text)
    assert main(["-cn", "mine", "-cd", str(Path(__file__).parent / "configs"), "tracking=none"]) == 0
    assert facts(runs(folder)[0])["config"]["seed"] == seed


def test_a_quoted_text_is_a_text(folder: Path) -> None:
    write(folder, "name: 'no'")
    assert main(["-cn", "mine", "-cd", str(Path(__file__).parent / "configs"), "tracking=none"]) == 0
    assert facts(runs(folder)[0])["title"] == "no"


def test_an_option_of_a_group_is_read_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "conf" / "trainer").mkdir(parents=True)
    (folder / "conf" / "trainer" / "mine.yaml").write_text("name: es\npopulation_size: 0100\n")
    assert main(["trainer=mine"]) == 2
    assert "reads as 64" in capsys.readouterr().err
