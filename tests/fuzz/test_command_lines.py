"""Fuzzing of command lines: real ones with a few changes, which are answered with a code and in words.

`make fuzz` tries as many as SYNTONIC_FUZZ says, others each time. What was found to be wrong is kept in
`corpus/command_lines.json`.
"""

import json
import random
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from fuzz_commands import Answer, answer, budget, seed

from syntonic.runners.command.table import COMMANDS

CORPUS: Final = Path(__file__).parent / "corpus" / "command_lines.json"
REAL: Final = [
    "",
    "trainer.sigma=0.05 seed=3",
    "-cn digits trainer.population_size=64",
    "-cn transformer_copy",
    "-cn xor model.hidden=[8,8] trainer.rank=1",
    "benchmark=digits model.hidden=[32]",
    "benchmark=xor benchmark.variant=noisy benchmark.noise=0.1 benchmark.samples=64",
    "model=winding benchmark=winding",
    "model=transformer benchmark.length=4 model.d_model=8",
    "trainer=es trainer.learning_rate=0.1 trainer.schedule=cosine",
    "trainer=activity benchmark=digits trainer.draws=4",
    "callbacks=early_stop callbacks.early_stop.target=0.9 callbacks.early_stop.patience=5",
    "callbacks=target callbacks.target.values=[0.5,0.6]",
    "~callbacks.checkpoint name=mine",
    "+experiment=smoke seed=7",
    "experiment=without_pull device=cpu",
    "-m trainer.sigma=0.1,0.2 seed=0,1",
    "-m trainer.sigma=range(0.1,0.4,0.1)",
    "-m hydra/sweeper=random trainer.sigma=interval(0.01,1) hydra.sweeper.n_trials=2",
    "-m hydra/sweeper=random trainer.rank=interval(1,3) trainer.sigma=tag(log,interval(0.001,1))",
    "sweep.seeds=2 sweep.metric=test_loss",
    "-m trainer=es,res,retrocausal sweep.prune=loss",
    "resume=last",
    "sweep.resume=last",
    "ls --status failed",
    "ls --json",
    "compare last last --all",
    "report last --out r.html",
    "sync",
    "doctor",
    "show last --json",
    "metrics last loss accuracy --every 10",
    "logs last --tail 50",
    "tag last paper=yes",
    "note last nice",
    "predict last --in rows.csv",
    "evaluate last benchmark=xor",
    "export last --to npz --out a.npz",
    "analyse last",
    "rm --restore last",
    "disk",
    "new model mine",
    "init_from=last validate_every=2",
    "--help",
    "--version",
    "--completion bash",
    "--complete trainer.si",
]
ENDING: Final = ["tracking=none", "trainer.max_generations=2", "trainer.population_size=4"]
VALUES: Final = [
    *("", "null", "~", "true", "no", "0", "-1", "1e999", "nan", "inf", "-inf", "010", "0x10", "1_000", "1e-320"),
    *("[]", "{}", "[[[]]]", "[1,2", "{a:1}", "{a:{b:{c:1}}}", "'", '"', "a b", "\t", "\x00", "\udcff", "φ", "\u202e"),
    *("${seed}", "${oc.env:HOME}", "${eval:1}", "${trainer}", "${..}", "???", "_target_", "os.system", "../../passwd"),
    *("1,2", "range(0,1)", "range(1,0)", "interval(0,1)", "interval(1,0)", "tag(log,interval(0,1))", "choice(a)"),
    *("shuffle(1,2)", "sort(2,1)", "float(1)", "int(x)", "glob(*)", "2147483648", "-9223372036854775809"),
    *("x" * 3000, "(" * 60, "[" * 60, "9" * 400),
]
SIGNS: Final = "=,.[]{}()~+-'\"\\$:@/ \t\n#*&%!?;|<>^`0aZφ\u0000"


def changed(source: random.Random) -> list[str]:
    """Returns a command line that differs from a real one in a few places."""
    words = source.choice(REAL).split()
    if source.random() < 0.3:
        words += source.choice(REAL).split()
    for _ in range(source.choice([0, 1, 1, 2, 3, 5])):
        if not words:
            words = [source.choice(VALUES)]
        at = source.randrange(len(words))
        word = words[at]
        key, equals, _ = word.partition("=")
        match source.randrange(9):
            case 0:
                words[at] = f"{key}={source.choice(VALUES)}"
            case 1:
                place = source.randrange(len(word) + 1)
                words[at] = word[:place] + source.choice(SIGNS) + word[place:]
            case 2 if word:
                place = source.randrange(len(word))
                words[at] = word[:place] + word[place + 1 :]
            case 3:
                del words[at]
            case 4:
                words.insert(at, source.choice(source.choice(REAL).split() or ["-m"]))
            case 5:
                source.shuffle(words)
            case 6 if equals:
                words[at] = source.choice(["+", "++", "~", "-", "--"]) + word
            case 7 if equals:
                words[at] = f"{key}={source.choice(source.choice(REAL).split() or ['x']).partition('=')[2]}"
            case _:
                words.insert(at, source.choice(VALUES))
    return words


def carried_out(words: list[str], folder: Path) -> Answer:
    """Carries a line out so that it takes no time: a run is of two generations, a sweep is only told of."""
    if "ui" in words[:1]:  # it serves until Ctrl-C
        return Answer(0, "", "")
    is_command = bool(words) and (words[0] in COMMANDS or words[0].startswith("--comp"))
    if any(word.startswith("hydra/launcher") or word.startswith("hydra.launcher") for word in words):
        is_command, words = False, [*words, "--cfg"]  # other processes are not for this
    is_sweep = "-m" in words or any("sweep." in word or "--multirun" in word for word in words)
    ending = [] if is_command else [*ENDING, *(["sweep.dry_run=true"] if is_sweep else [])]
    return answer([*words, *ending], folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder in it; beside that nothing may appear."""
    return tmp_path_factory.mktemp("lines")


def fresh(place: Path, number: int) -> Path:
    """Returns the folder of a case, with runs of earlier ones in it every now and then."""
    folder = place / "here"
    if number % 50 == 0:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    return folder


def test_a_changed_line_is_answered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    source = random.Random(seed())
    for number in range(budget(60)):
        words = changed(source)
        found = carried_out(words, fresh(place, number))
        if found.fault:
            keep(words)
        assert not found.fault, f"{json.dumps(words)}: {found.fault}\n{found.said[-2000:]}"


def keep(words: list[str]) -> None:
    """Adds a line to the corpus, which is tried by the tests from now on."""
    kept: list[Any] = json.loads(CORPUS.read_text(encoding="utf-8"))
    if words not in kept:
        CORPUS.write_text(json.dumps([*kept, words], indent=1) + "\n", encoding="utf-8")


KEPT: Final = json.loads(CORPUS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("words", KEPT, ids=map(str, range(len(KEPT))))
def test_what_was_found_is_answered(words: list[str], place: Path) -> None:
    found = carried_out(words, fresh(place, 0))
    assert not found.fault, found.said[-2000:]
