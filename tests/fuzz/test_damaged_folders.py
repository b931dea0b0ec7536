"""Fuzzing of what runs and sweeps leave behind: damaged in a few places, and read by every command that reads it.

`make fuzz` tries as many as SYNTONIC_FUZZ says, others each time. What was found to be wrong is kept in
`corpus/damaged_folders.json`: the files that were damaged, how, and the command.
"""

import base64
import json
import os
import random
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from fuzz_commands import Answer, answer, budget, seed

from syntonic.runners.cli import main

CORPUS: Final = Path(__file__).parent / "corpus" / "damaged_folders.json"
RUNS: Final = [
    [
        "-cn",
        "xor",
        "trainer.max_generations=6",
        "callbacks.checkpoint.every_generations=2",
        "callbacks.checkpoint.keep=2",
    ],
    ["benchmark=xor", "trainer.max_generations=30", "callbacks=early_stop", "callbacks.early_stop.patience=1"],
    ["-m", "trainer.sigma=0.1,0.2", "trainer.max_generations=2", "trainer.population_size=4", "seed=5"],
]
SWEEP: Final = ["-m", "trainer.sigma=0.1,0.2", "trainer.max_generations=2", "trainer.population_size=4", "seed=5"]
COMMANDS: Final = [
    ["ls"],
    ["ls", "--json"],
    ["ls", "--status", "finished"],
    ["compare", "last", "2", "--all"],
    ["report"],
    ["resume=last"],
    ["resume=2"],
    ["sync"],
    ["doctor"],
    ["evaluate", "last"],
    ["analyse", "last"],
    ["export", "last", "--to", "npz", "--out", "x.npz"],
    ["predict", "last", "--in", "rows.csv"],
    ["disk"],
    ["show", "last", "--all"],
    ["show", "2", "--json"],
    ["metrics", "last", "--csv"],
    ["metrics", "2"],
    ["logs", "last", "--tail", "5"],
    ["tag", "last", "a=b"],
    ["tag", "2"],
    ["note", "last", "a note"],
    ["rm", "--list"],
    ["rm", "2"],
    ["init_from=last", "trainer.max_generations=1", "tracking=none"],
    ["sweep.resume=last"],
    [*SWEEP, "tracking=none"],
    [*SWEEP, "tracking=none", "sweep.dry_run=true"],
]
VALUES: Final[list[Any]] = [
    *(None, True, -1, 0, -0.5, 2**63, 10**400, 1e308, "", "../..", "/etc/passwd", "\x00", "\x1b[2J", "x" * 5000, "nan"),
    *([], {}, [[[[]]]], {"a": {}}, "${oc.env:HOME}", {"_target_": "os.system"}, "RUNNING", "FINISHED"),
]
Damage = tuple[str, str, str]  # a file, by its place with runs and sweeps counted; what is done to it; bytes in base64


def damaged(home: Path, source: random.Random) -> list[Damage]:
    """Damages a few files of a home and returns what was done."""
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and "mlflow" not in path.name]
    done: list[Damage] = []
    for _ in range(source.choice([1, 1, 2, 4])):
        path = source.choice(files)
        if not path.is_file():
            continue
        content = path.read_bytes()
        kind = source.choice(["flip", "cut", "stretch", "json", "json", "json", "empty", "gone", "folder", "link"])
        if kind == "flip" and content:
            at = source.randrange(len(content))
            content = content[:at] + bytes([content[at] ^ (1 << source.randrange(8))]) + content[at + 1 :]
        elif kind == "cut":
            content = content[: source.randrange(len(content) + 1)]
        elif kind == "stretch":
            at = source.randrange(len(content) + 1)
            content = content[:at] + source.randbytes(source.randrange(1, 12)) + content[at + source.randrange(9) :]
        elif kind == "json":
            content = altered(content, source)
        elif kind == "empty":
            content = b""
        step = (place_of(home, path), kind, base64.b64encode(content).decode())
        apply(home, step)
        done.append(step)
    return done


def altered(content: bytes, source: random.Random) -> bytes:
    """Returns a JSON file, or a line of one, with one value changed, removed or added."""
    lines = content.splitlines(keepends=True)
    try:
        at = source.randrange(len(lines)) if content.count(b"\n{") else None
        tree = json.loads(content if at is None else lines[at])
        ways = ways_in(tree)
        *way, last = source.choice(ways)
    except (ValueError, IndexError):
        return content[::-1]
    node = tree
    for key in way:
        node = node[key]
    if source.random() < 0.25:
        del node[last]
    else:
        node[last] = source.choice(VALUES)
    text = json.dumps(tree).encode()
    return text if at is None else b"".join([*lines[:at], text + b"\n", *lines[at + 1 :]])


def ways_in(tree: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the way to every node of a JSON tree but its root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [way for key, value in items for way in [(*above, key), *ways_in(value, (*above, key))]]


def place_of(home: Path, path: Path) -> str:
    """Returns where a file lies, with the number of the run in the place of its id, which differs from time to time."""
    room, *rest = path.relative_to(home).parts
    if room not in ("runs", "sweeps") or not rest:
        return "/".join([room, *rest])
    return "/".join([room, str(sorted(os.listdir(home / room)).index(rest[0])), *rest[1:]])


def apply(home: Path, step: Damage) -> None:
    """Does to a file what was done to it once."""
    place, kind, content = step
    room, *rest = place.split("/")
    path = home / room
    if room in ("runs", "sweeps") and rest:
        path = path / sorted(os.listdir(path))[int(rest[0])]
        rest = rest[1:]
    path = path.joinpath(*rest)
    if kind in ("gone", "folder", "link"):
        path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir(parents=True)
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind != "gone" and path.parent.is_dir():
        path.write_bytes(base64.b64decode(content))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished run, one that was interrupted, and a sweep."""
    return made(tmp_path_factory.mktemp("example"))


def made(folder: Path) -> Path:
    """Makes that home."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        for words in RUNS:
            assert main([*words, "tracking=none"]) == 0
    finally:
        os.chdir(here)
    home = folder / ".syntonic"
    interrupted = sorted((home / "runs").iterdir())[1]
    record = json.loads((interrupted / "run.json").read_text(encoding="utf-8"))
    (interrupted / "run.json").write_text(json.dumps(record | {"status": "KILLED", "results": {}}), encoding="utf-8")
    for path in (interrupted / "checkpoints").glob("gen-*/checkpoint.json"):
        shutil.rmtree(path.parent)  # it begins again
    return home


def tried(home: Path, place: Path, damage: list[Damage] | random.Random, command: list[str]) -> tuple[Any, Answer]:
    """Damages a copy of a home and carries a command out there; returns what was done, and the answer."""
    folder = place / "here"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "rows.csv").write_text("a,b\n0,1\n", encoding="utf-8")
    shutil.copytree(home, folder / ".syntonic")
    if isinstance(damage, random.Random):
        damage = damaged(folder / ".syntonic", damage)
    else:
        for step in damage:
            apply(folder / ".syntonic", step)
    return damage, answer(command, folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder in it; beside that nothing may appear."""
    return tmp_path_factory.mktemp("damaged")


def test_a_damaged_folder_is_answered(example: Path, place: Path) -> None:
    source = random.Random(seed())
    for _ in range(budget(60)):
        command = source.choice(COMMANDS)
        damage, found = tried(example, place, source, command)
        if found.fault:
            keep(damage, command)
        assert not found.fault, f"{command} after {damage}: {found.fault}\n{found.said[-2000:]}"


def keep(damage: list[Damage], command: list[str]) -> None:
    """Adds a case to the corpus, which is tried by the tests from now on."""
    kept: list[Any] = json.loads(CORPUS.read_text(encoding="utf-8"))
    CORPUS.write_text(json.dumps([*kept, [damage, command]], indent=1) + "\n", encoding="utf-8")


KEPT: Final = json.loads(CORPUS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", KEPT, ids=map(str, range(len(KEPT))))
def test_what_was_found_is_answered(case: Any, example: Path, place: Path) -> None:
    damage, command = case
    found = tried(example, place, [tuple(step) for step in damage], command)[1]
    assert not found.fault, found.said[-2000:]
