"""What people type who know other programs, and what they read: each has one answer."""

import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from syntonic.runners.cli import main
from syntonic.runners.config.compose import compose
from syntonic.runners.config.elsewhere import _HERE
from syntonic.runners.config.overrides import is_group
from syntonic.runners.config.search_path import opened

TYPED = [
    (["trainer.lr=0.1"], "did you mean 'trainer.learning_rate'?"),
    (["lr=0.1"], "did you mean 'trainer.learning_rate'?"),
    (["+trainer.lr=0.1"], "did you mean 'learning_rate'?"),
    (["epochs=3"], "did you mean 'trainer.max_generations'?"),
    (["trainer.steps=3"], "did you mean 'trainer.max_generations'?"),
    (["batch=3", "benchmark=digits"], "did you mean 'benchmark.batch_size'?"),
    (["dataset=digits"], "did you mean 'benchmark'?"),
    (["--seed", "3"], "did you mean `seed=3`?"),
    (["--seed=3"], "did you mean `seed=3`?"),
    (["--epochs", "3", "-m"], "did you mean `trainer.max_generations=3`?"),
    (["--trainer.sigma", "0.1"], "did you mean `trainer.sigma=0.1`?"),
    (["--gpu"], "did you mean `device=<value>`?"),
    (["device=gpu"], "did you mean 'cuda'?"),
    (["device=gpu:1"], "did you mean 'cuda:1'?"),
    (["~trainer.rank"], "trainer.rank is null already"),
]


@pytest.mark.parametrize(("words", "expected"), TYPED, ids=[" ".join(words) for words, _ in TYPED])
def test_a_name_of_another_program_is_answered_with_ours(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


def test_every_key_that_is_suggested_is_there(folder: Path) -> None:
    with opened(()) as loader:
        config = compose(loader, "config", ["benchmark=digits"], multirun=False).config
        for key in set(_HERE.values()) - {"sweep.seeds", "sweep.parallel"}:
            node = config
            for part in key.split("."):
                assert part in node or is_group(key, loader), key
                node = node[part]


def test_the_recorded_command_can_be_typed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ['name="a b; $(x)"', "trainer.max_generations=1", "model.hidden=[2,3]"]
    monkeypatch.setattr("sys.argv", ["syntonic-run", *words])
    assert main(words) == 0
    with closing(sqlite3.connect(folder / ".syntonic" / "mlflow.db")) as database:
        ((command,),) = database.execute("SELECT value FROM tags WHERE key = 'syntonic.command'").fetchall()
    assert shlex.split(command) == ["syntonic-run", *words]


@pytest.mark.parametrize(("benchmark", "model"), [("transformer", "transformer"), ("language", "transformer_lm")])
def test_a_model_that_does_not_fit_names_one_that_does(
    folder: Path, capsys: pytest.CaptureFixture[str], benchmark: str, model: str
) -> None:
    assert main([f"benchmark={benchmark}", "model=mlp"]) == 2
    assert f"try model={model}" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("benchmark", ["transformer", "language", "text"])
def test_a_benchmark_that_the_usual_model_cannot_learn_has_one_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str], benchmark: str
) -> None:
    own = "transformer" if benchmark == "transformer" else "transformer_lm"
    short = ["benchmark.length=4", "model.d_model=8", "trainer.population_size=4", "trainer.max_generations=1"]
    assert main([f"benchmark={benchmark}", *short, "tracking=none"]) == 0
    assert f": {own} / {benchmark} / " in capsys.readouterr().out
    (record,) = folder.glob(".syntonic/runs/*/run.json")
    assert json.loads(record.read_text())["config"]["model"]["name"] == own
    # What is said about the model holds, in an experiment config too; a benchmark that is swept changes nothing.
    for words in ([f"benchmark={benchmark}", "model=deep_mlp"], ["-cn", "digits", f"benchmark={benchmark}"]):
        assert main(words) == 2
    assert main([f"benchmark={benchmark}", *short, "-m", "seed=0,1", "sweep.dry_run=true", "tracking=none"]) == 0


def test_one_figure_of_throughput(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trainer.max_generations=400", "tracking=none"]) == 0
    told = [float(text.replace(",", "")) for text in re.findall(r"([\d,.]+) evaluations/s", capsys.readouterr().out)]
    assert len(told) > 1
    assert told[-1] == pytest.approx(told[-2], rel=0.1), "the last line of the run, and its summary"
