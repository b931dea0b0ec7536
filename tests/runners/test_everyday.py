"""The commands of every day: show, metrics, logs, tag, note, rm, disk, and `ls` with filters."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.cli import main

Command = Callable[..., int]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Returns what a command prints."""
    capsys.readouterr()
    assert main(list(words)) == code
    captured = capsys.readouterr()
    return captured.err if code == 2 else captured.out


@pytest.fixture
def three(command: Command, folder: Path) -> list[str]:
    """Three runs without a store, of which the second failed; their ids, oldest first."""
    for number, words in enumerate((["seed=1"], ["seed=2", "trainer.fails_at=9"], ["seed=3", "trainer.sigma=0.5"])):
        assert command("tracking=none", "trainer.max_generations=20", *words) == (number == 1)
    return [run.name for run in runs(folder)]


def test_show_tells_a_run(three: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show")
    for word in ("FINISHED after 20 of 20", "chance", "0.7500", "trainer.sigma=0.5", "seed=3", "command", three[2]):
        assert word in text
    assert "trainer.optimizer" not in text
    assert "trainer.optimizer=adam" in said(capsys, "show", three[0], "--all")
    assert "FAILED (RuntimeError: the core is on fire)" in said(capsys, "show", three[1])
    plain = json.loads(said(capsys, "show", three[0], "--json"))
    assert (plain["run"], plain["config"]["seed"], plain["results"]["test_accuracy"]) == (three[0], 1, 0.75)


def test_metrics_are_those_of_the_journal(three: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = [json.loads(line) for line in (runs(folder)[0] / "journal.jsonl").read_text().splitlines()]
    rows = list(csv.DictReader(io.StringIO(said(capsys, "metrics", three[0], "--csv"))))
    assert [int(row["generation"]) for row in rows] == list(range(1, 21))
    assert [float(row["loss"]) for row in rows] == [line["metrics"]["loss"] for line in journal]
    lines = [json.loads(line) for line in said(capsys, "metrics", three[0], "loss", "--json").splitlines()]
    assert lines == [{"generation": line["step"], "loss": line["metrics"]["loss"]} for line in journal]
    tenth = said(capsys, "metrics", three[0], "loss", "--every", "10", "--csv").splitlines()
    assert [line.partition(",")[0] for line in tenth] == ["generation", "10", "20"]
    table = said(capsys, "metrics", three[0]).splitlines()
    assert len(table) == 21
    assert "did you mean 'loss'?" in said(capsys, "metrics", three[0], "los", code=2)


def test_logs_tell_why_a_run_failed(three: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "RuntimeError: the core is on fire" in said(capsys, "logs", three[1])
    assert "has written no log" in said(capsys, "logs", three[0])
    assert len(said(capsys, "logs", three[1], "--tail", "1").splitlines()) == 2


def test_logs_of_a_point_are_what_it_printed(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("-m", "tracking=none", "seed=0,1", "sweep.parallel=2", "trainer.max_generations=5") == 0
    for run in runs(folder):
        text = said(capsys, "logs", run.name)
        assert f"seed {facts(run)['config']['seed']}" in text
        assert "FINISHED after 5 of 5 generations" in text


def test_runs_are_tagged_and_found(three: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "paper=yes" in said(capsys, "tag", three[0], three[1], "paper=yes", "team=a b")
    assert three[0] in said(capsys, "ls", "tag.paper=yes")
    assert three[2] not in said(capsys, "ls", "tag.paper=yes")
    assert "paper" not in said(capsys, "tag", three[0], "paper-")
    assert three[0] not in said(capsys, "ls", "tag.paper=yes")
    assert "team=a b" in said(capsys, "tag", three[0])
    assert "cannot be a tag" in said(capsys, "tag", three[0], "mlflow.user=x", code=2)
    assert "name a run" in said(capsys, "tag", "a=b", code=2)
    assert "the best" in said(capsys, "note", three[0], "the", "best")
    assert "the best" in said(capsys, "show", three[0])
    assert "has no note" in said(capsys, "note", three[0], "")


FILTERS = [
    (["seed=3"], [2]),
    (["trainer.sigma=0.1"], [1, 0]),
    (["trainer.sigma>0.2"], [2]),
    (["status=failed"], [1]),
    (["trainer=fake", "seed<=2"], [1, 0]),
    (["trainer.fails_at=null"], [2, 0]),
    (["status!=failed", "--sort", "seed"], [0, 2]),
    (["--sort", "seed", "--reverse"], [2, 1, 0]),
    (["--sort", "test_loss", "--limit", "2"], None),
    (["--limit", "1"], [2]),
    (["seed=9"], []),
]


@pytest.mark.parametrize(("words", "wanted"), FILTERS, ids=[" ".join(words) for words, _ in FILTERS])
def test_ls_filters_sorts_and_limits(
    three: list[str], folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], wanted: list[int] | None
) -> None:
    found = [json.loads(line)["run"] for line in said(capsys, "ls", *words, "--json").splitlines()]
    if wanted is None:  # the one without a result comes last
        losses = [facts(run)["results"]["test_loss"] for run in runs(folder) if facts(run)["results"]]
        assert [facts(folder / ".syntonic" / "runs" / name)["results"]["test_loss"] for name in found] == sorted(losses)
    else:
        assert found == [three[number] for number in wanted]


def test_what_no_run_has_cannot_be_asked(three: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'trainer.sigma'?" in said(capsys, "ls", "trainer.sigm=1", code=2)
    assert "'x' is not a number" in said(capsys, "ls", "seed>x", code=2)
    assert "no run has it" in said(capsys, "ls", "--sort", "nothing", code=2)
    assert "none of 3 runs" in said(capsys, "ls", "seed=9")


def test_a_run_in_the_bin_comes_back(three: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "in the bin" in said(capsys, "rm", three[0])
    assert three[0] not in said(capsys, "ls")
    assert "fake-fake-s1" in said(capsys, "rm", "--list")
    assert "is back" in said(capsys, "rm", "--restore", three[0])
    assert three[0] in said(capsys, "ls")
    said(capsys, "rm", three[0], three[1])
    assert "2 runs deleted" in said(capsys, "rm", "--empty")
    assert "the bin is empty" in said(capsys, "rm", "--list")
    assert [run.name for run in runs(folder)] == [three[2]]
    assert "0 runs of the bin" in said(capsys, "rm", "--restore", three[0], code=2)
    assert "one thing at a time" in said(capsys, "rm", "--list", "--empty", code=2)
    assert "name a run" in said(capsys, "rm", code=2)


def test_tags_notes_and_removal_reach_the_store(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("trainer.max_generations=5") == 0
    (run,) = runs(folder)

    def rows(query: str) -> list[tuple[str, ...]]:
        with sqlite3.connect(folder / ".syntonic" / "mlflow.db") as database:
            return list(database.execute(query))

    said(capsys, "tag", "last", "paper=yes")
    assert rows("SELECT value FROM tags WHERE key = 'paper'") == [("yes",)]
    said(capsys, "tag", "last", "paper-")
    assert rows("SELECT value FROM tags WHERE key = 'paper'") == []
    said(capsys, "note", "last", "look here")
    ((note,),) = rows("SELECT value FROM tags WHERE key = 'mlflow.note.content'")
    assert note.startswith("look here\n\n**fake-fake-s0: FINISHED** after 5 generations")
    assert "| accuracy | 1.0000 | 0.7500 | 0.5000 |" in note
    said(capsys, "rm", "last")
    assert rows("SELECT status, lifecycle_stage FROM runs") == [("FINISHED", "deleted")]
    said(capsys, "rm", "--restore", run.name)
    assert rows("SELECT status, lifecycle_stage, deleted_time FROM runs") == [("FINISHED", "active", None)]


def test_disk_adds_up(three: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "disk")
    assert all(name in text for name in three)
    whole = sum(path.lstat().st_size for path in (folder / ".syntonic").rglob("*") if path.is_file())
    assert f"{whole / 1000:.1f} kB" in text.splitlines()[-1]
