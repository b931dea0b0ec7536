"""What users read is in the field's own terms: messages, help and README, and every text that a message is made of."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.command.table import COMMANDS

PACKAGE = Path(syntonic.__file__).parent
# A config is no sentence, an option no word, a command no verb; the rest have names that everybody knows.
PRIVATE = re.compile(  # `words[` is a shell's own variable, `words=` hashed text
    r"\b(sentences?|words?(?![\[=])|verbs?|crew|courier|no number|(go|goes|going|gone|went) on with)\b", re.IGNORECASE
)
MESSAGES = [
    (["-cn", "digit"], "no config named 'digit'; did you mean 'digits'?"),
    (["lss"], "no command named 'lss'; did you mean 'ls'?"),
    (["-m", "seed=range(0,3"], "unbalanced parentheses"),
    (["digits"], "a config of that name is started by `-cn digits`"),
    (["benchmark=digit"], "there is no such option; did you mean 'digits'?"),
    (["trainer.sigm=0.1"], "did you mean 'sigma'?"),
    (["trainer.sigma=nan"], "must be a finite number"),
    (["model=mlpp", "trainer.sigma=0"], "2 faults, nothing was started"),
    (["seed=0,1"], "several values need a sweep"),
    (["-m", "resume=last"], "continues one run"),
    (["resume=last"], "there is no run"),
    (["ls", "--al"], "unknown flag '--al'"),
    (["compare", "last"], "name two runs or more"),
    (["sync", "--to", "x"], "sync: --to"),
    (["report", "a"], "there is no run"),
]


@pytest.mark.parametrize(("argv", "expected"), MESSAGES, ids=[" ".join(argv) for argv, _ in MESSAGES])
def test_a_message_is_plain(argv: list[str], expected: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert PRIVATE.findall(said.out + said.err) == []


def test_what_a_run_and_an_interrupted_one_say_is_plain(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none") == 0
    assert command("tracking=none", "trainer.fails_at=5") == 1
    assert main(["resume=last"]) in (0, 1)
    assert main(["ls"]) == 0
    assert PRIVATE.findall(capsys.readouterr().out) == []


@pytest.mark.parametrize("argv", [[], *([command] for command in COMMANDS)], ids=str)
def test_the_help_is_plain(argv: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*argv, "--help"]) == 0
    assert PRIVATE.findall(capsys.readouterr().out) == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_a_page_is_plain(name: str) -> None:
    assert PRIVATE.findall((PACKAGE.parent / name).read_text()) == []


def texts(path: Path) -> Iterator[str]:
    """Yields the texts of a module that are no documentation."""
    tree = ast.parse(path.read_text())
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


@pytest.mark.parametrize("room", ["runners", "tracking", "benchmarks", "nn/training"])
def test_the_texts_of_a_room_are_plain(room: str) -> None:
    found = [(path.name, text) for path in sorted((PACKAGE / room).rglob("*.py")) for text in texts(path)]
    assert [(name, text) for name, text in found if PRIVATE.search(text)] == []
