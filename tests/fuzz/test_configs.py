"""Fuzzing of config files: those of the package with a few changes, in the working folder's `conf/`.

`make fuzz` tries as many as SYNTONIC_FUZZ says, others each time. What was found to be wrong is kept in
`corpus/configs.json`: the file's place, its text and the command line.
"""

import json
import random
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from fuzz_commands import answer, budget, seed

import syntonic

CORPUS: Final = Path(__file__).parent / "corpus" / "configs.json"
KEPT: Final = json.loads(CORPUS.read_text(encoding="utf-8"))
PACKAGE: Final = Path(syntonic.__file__).parent
GROUPS: Final = ("model", "benchmark", "trainer", "callbacks", "tracking", "experiment")
FILES: Final = [*sorted((PACKAGE / "configs").glob("*.yaml"))] + [
    path for group in GROUPS for path in sorted((PACKAGE / "conf" / group).glob("*.yaml"))
]
VALUES: Final = [
    *(
        "",
        "null",
        "~",
        "yes",
        "010",
        "1:30",
        "0x1f",
        "-1",
        "1e999",
        ".nan",
        ".inf",
        "2001-12-14",
        "'",
        '"',
        "{",
        "[",
        "]",
    ),
    *("!!python/object/apply:os.system [x]", "!!binary aGk=", "&a", "*a", "<<: *a", "${seed}", "${oc.env:HOME}", "???"),
    *(
        "|",
        ">",
        "- - - -",
        "? a",
        "%YAML 1.1",
        "--- ",
        "...",
        "\t",
        "\x00",
        "\ufeff",
        "φ",
        "x" * 3000,
        "[" * 50,
        "{a: " * 50,
    ),
    *(
        "defaults:",
        "- override /model: mlp",
        "- mine",
        "- /mine",
        "- optional x",
        "# @package _global_",
        "hydra:",
        "_self_",
    ),
    *("_target_: os.system", "name: mlp", "name: ../../x", "sweep: {seeds: 3}", "resume: last", "use: [/etc/passwd]"),
]
ENDING: Final = ["tracking=none", "trainer.max_generations=2", "trainer.population_size=4"]
Case = tuple[str, str, list[str]]


def case(source: random.Random) -> Case:
    """Returns where a file goes, its text, and the command line that reads it."""
    path = source.choice(FILES)
    lines = path.read_text(encoding="utf-8").splitlines()
    for _ in range(source.choice([1, 1, 2, 4])):
        at = source.randrange(len(lines) + 1)
        line = lines[at] if at < len(lines) else ""
        match source.randrange(7):
            case 0:
                lines[at : at + 1] = [line.partition(":")[0] + ": " + source.choice(VALUES)]
            case 1:
                lines.insert(at, " " * source.choice([0, 0, 1, 2, 4]) + source.choice(VALUES))
            case 2:
                del lines[at : at + source.choice([1, 1, 3])]
            case 3:
                place = source.randrange(len(line) + 1)
                lines[at : at + 1] = [line[:place] + source.choice(VALUES)[:3] + line[place:]]
            case 4:
                lines[at : at + 1] = [line, line]
            case 5:
                lines[at : at + 1] = [source.choice([" ", "  ", "\t"]) + line]
            case _:
                other = source.choice(FILES).read_text(encoding="utf-8").splitlines()
                lines[at:at] = source.sample(other, min(2, len(other)))
    room = path.parent.name
    words = ["-cn", "mine"] if room == "configs" else [f"{room}=mine"]
    place = "conf/mine.yaml" if room == "configs" else f"conf/{room}/mine.yaml"
    return place, "\n".join(lines) + "\n", [*words, *source.choice([["--cfg"], ENDING])]


def tried(place: Path, found: Case) -> str:
    """Returns what is wrong with the answer, an empty text if nothing is."""
    where, text, words = found
    folder = place / "here"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / where).parent.mkdir(parents=True)
    (folder / where).write_text(text, encoding="utf-8", errors="surrogateescape")
    is_sweep = "sweep" in text or "hydra" in text
    given = answer([*words, *(["sweep.dry_run=true"] if is_sweep and "--cfg" not in words else [])], folder)
    return f"{given.fault}\n{given.said[-2000:]}" if given.fault else ""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder in it; beside that nothing may appear."""
    return tmp_path_factory.mktemp("configs")


def test_a_changed_config_is_answered(place: Path) -> None:
    source = random.Random(seed())
    for _ in range(budget(60)):
        found = case(source)
        if wrong := tried(place, found):
            CORPUS.write_text(json.dumps([*KEPT, found], indent=1) + "\n", encoding="utf-8")
        assert not wrong, f"{found}: {wrong}"


@pytest.mark.parametrize("found", KEPT, ids=map(str, range(len(KEPT))))
def test_what_was_found_is_answered(found: Any, place: Path) -> None:
    assert not tried(place, tuple(found))
