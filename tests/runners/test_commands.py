"""The small commands beside `run`: what they tell, and what they answer to a wrong word."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.runners.command.table import COMMANDS
from syntonic.tracking.spool import Spool

Command = Callable[..., int]
Process = Callable[..., "subprocess.Popen[str]"]
COMMAND = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
SAFE = [COMMAND[0], "-P", *COMMAND[1:]]  # without the working folder among the places of modules

BAD = [
    (["lss"], "did you mean 'ls'?"),
    (["comprae", "last"], "did you mean 'compare'?"),
    (["docter"], "did you mean 'doctor'?"),
    (["ls", "--statu", "failed"], "did you mean '--status'?"),
    (["ls", "--status", "faild"], "did you mean 'failed'?"),
    (["ls", "--status"], "--status needs a value"),
    (["ls", "one"], "takes no names, got one"),
    (["compare", "last"], "name two runs or more"),
    (["compare", "a", "b"], "there is no run"),
    (["report"], "there is no run"),
    (["report", "../../etc"], "there is no run"),
    (["sync", "20"], "there is no run"),
    (["sync", "--to", "foo:bar"], "'foo:bar' is no address of a store"),
    (["tracking.uri=htp://host"], "'htp://host' is no address of a store"),
    (["ui"], "start a run first"),
    (["ui", "--prot", "1"], "did you mean '--port'?"),
    (["doctor", "--all"], "unknown flag '--all'"),
]


def test_a_reader_who_has_seen_enough_ends_the_command_quietly(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([*COMMAND, "report", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("words", "expected"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_a_wrong_word_is_answered_with_the_right_one(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"syntonic-run {name}")
    assert max(map(len, said.splitlines())) <= 120
    assert main(["--help"]) == 0
    assert f"  {name} " in capsys.readouterr().out


def test_ls_shows_every_run_and_buries_the_dead(
    command: Command, process: Process, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ls"]) == 0
    assert "there is no run" in capsys.readouterr().out
    assert command("tracking=none", "name=good one") == 0
    assert command("tracking=none", "trainer.fails_at=5") == 1
    child = process("tracking=none", "trainer.max_generations=5000", "trainer.seconds=0.01", "name=dead")
    while len(list(folder.glob(".syntonic/runs/*/journal.jsonl"))) < 3:
        assert child.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    capsys.readouterr()
    assert main(["ls"]) == 0
    assert "RUNNING" in capsys.readouterr().out
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (runs(folder)[0] / "run.json").write_text('{"format": 1, "id": "\\u001b[31mx"}')
    assert main(["ls"]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == [run.name for run in reversed(runs(folder)[1:])]
    assert "KILLED" in lines[1]
    assert "FAILED" in lines[2]
    assert "4/20" in lines[2]
    assert f"{runs(folder)[0].name}/run.json cannot be used" in said
    assert json.loads((runs(folder)[2] / "run.json").read_text())["status"] == "KILLED"
    assert main(["ls", "--json", "--status", "failed"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (found["generation"], found["status"]) == (4, "FAILED")


def test_compare_shows_what_differs(command: Command, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for sigma in (0.1, 0.2):
        assert command("tracking=none", f"trainer.sigma={sigma}") == 0
    capsys.readouterr()
    assert main(["compare", *(run.name for run in runs(folder))]) == 0
    said = capsys.readouterr().out
    assert "trainer.sigma" in said
    assert "trainer.optimizer" not in said
    assert "test_accuracy" in said
    assert main(["compare", "last", "last", "--all"]) == 0
    said = capsys.readouterr().out
    assert "the settings are the same" not in said
    assert "trainer.optimizer" in said


def test_report_writes_one_file(command: Command, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tracking=none", 'name="<b>bold</b>"') == 0
    capsys.readouterr()
    assert main(["report"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert "&lt;b&gt;bold" in path.read_text()
    assert main(["report", "last", "--out", "here.html"]) == 0
    assert (folder / "here.html").read_text() == path.read_text()
    assert main(["report", "--out", "no/such/folder.html"]) == 2


def test_doctor_tells_what_is_wrong(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for word in ("mlflow 3", "cores", "cuda", "GB free", "none yet", "all is well"):
        assert word in said
    assert list(folder.iterdir()) == []
    assert command("tracking=none") == 0
    (runs(folder)[0] / "tracking" / "request.json").write_text("{")
    (folder / ".syntonic" / "mlflow.db").write_bytes(b"this is no database, though it is long enough" * 50)
    capsys.readouterr()
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "request.json cannot be used" in said
    assert "! it cannot be read" in said


def test_a_run_without_a_store_is_sent_to_one_later(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none") == 0
    assert main(["sync"]) == 0
    assert "all runs are synced" in capsys.readouterr().out
    target = f"sqlite:///{folder}/other.db"
    assert main(["sync", "--to", target, runs(folder)[0].name]) == 0
    assert main(["sync", "--to", target, runs(folder)[0].name]) == 0, "again: nothing is there twice"
    with sqlite3.connect(folder / "other.db") as database:
        assert list(database.execute("SELECT status FROM runs")) == [("FINISHED",)]
        query = "SELECT COUNT(*), COUNT(DISTINCT step) FROM metrics WHERE key = 'train/loss'"
        assert list(database.execute(query)) == [(20, 20)]


def test_a_store_that_was_away_gets_everything_when_asked(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "away").write_text("a file where a folder should be")
    uri = f"sqlite:///{folder}/away/x.db"
    assert command(f"tracking.uri={uri}") == 0
    said = capsys.readouterr().out
    assert f"`syntonic-run sync --to {uri}` sends it" in said
    assert main(["sync"]) == 1
    assert f"1 run waits for {uri}: `syntonic-run sync --to {uri}` sends what waits" in capsys.readouterr().out
    assert main(["ls"]) == 0
    assert "FINISHED*" in capsys.readouterr().out
    assert main(["sync", "--to", uri]) == 1
    (folder / "away").unlink()
    (folder / "away").mkdir()
    assert main(["sync", "--to", uri]) == 0
    with sqlite3.connect(folder / "away" / "x.db") as database:
        assert list(database.execute("SELECT COUNT(*) FROM metrics WHERE key = 'train/loss'")) == [(20,)]
    receipt = Spool(runs(folder)[0]).read_receipt()
    assert receipt is not None
    assert receipt.whole


def test_runs_of_a_folder_above_are_pointed_at(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("tracking=none") == 0
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    capsys.readouterr()
    assert main(["ls"]) == 0
    assert main(["resume=last"]) == 2
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert f"set SYNTONIC_HOME={folder / '.syntonic'}" in text
    monkeypatch.setenv("SYNTONIC_HOME", str(folder / ".syntonic"))
    assert main(["ls"]) == 0
    assert "FINISHED" in capsys.readouterr().out


@pytest.mark.slow
def test_a_sweep_goes_on_while_the_store_is_away_and_is_whole_there_afterwards(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "away.db").write_bytes(b"no database" * 1000)
    uri = f"sqlite:///{folder}/away.db"
    words = ["-m", "seed=0", f"tracking.uri={uri}"]
    assert command(*words, "sweep.dry_run=true") == 0
    assert "warning: what finished elsewhere is not known" in capsys.readouterr().out
    assert command(*words) == 0
    said = capsys.readouterr().out
    assert "warning: what finished elsewhere is not known" in said
    assert f"`syntonic-run sync --to {uri}` sends it" in said
    (folder / "away.db").unlink()
    assert main(["sync", "--to", uri]) == 0
    with sqlite3.connect(folder / "away.db") as database:
        tags = database.execute("SELECT run_uuid, value FROM tags WHERE key = 'mlflow.parentRunId'")
        ((child, parent),) = list(tags)
        names = dict(database.execute("SELECT run_uuid, name FROM runs"))
    assert {names[child], names[parent]} == {"fake-fake-s0", "fake-fake: sweep over seeds"}
    assert names[child] == "fake-fake-s0"


@pytest.mark.slow
def test_the_dashboard_opens_here_and_ends_with_everything_that_it_started(command: Command, folder: Path) -> None:
    assert command() == 0
    for name in ("json", "uvicorn", "mlflow", "yaml"):
        (folder / f"{name}.py").write_text("open('owned', 'w').close()\n")
    ui = subprocess.Popen([*SAFE, "ui"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert ui.stdout is not None
    address = next(line.split()[0] for line in ui.stdout if line.startswith("http"))
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address, timeout=20) as page:
        assert b"MLflow" in page.read()
    family = members(ui.pid)
    assert sum(map(memory, family)) < 600 << 20, "bytes"
    ui.send_signal(signal.SIGINT)
    assert ui.wait(60) == 0
    ui.stdout.close()
    assert not [pid for pid in family if Path(f"/proc/{pid}").exists()]
    assert not list(folder.rglob("owned")), "no module of this folder is one of the server's"


def test_pages_that_are_not_installed_are_fetched_by_uv(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".syntonic").mkdir()
    (folder / ".syntonic" / "mlflow.db").touch()
    monkeypatch.setattr(metadata, "distributions", lambda **_: iter(()))
    uv = folder / "uv"
    uv.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/asked"\n')
    uv.chmod(0o700)
    monkeypatch.setenv("UV", str(uv))
    assert main(["ui"]) == 1, "this uv starts no server"
    asked = (folder / "asked").read_text()
    assert f"--from mlflow=={metadata.version('mlflow-skinny')} mlflow server --host 127.0.0.1" in asked
    assert "fetched, once" in capsys.readouterr().out
    monkeypatch.delenv("UV")
    monkeypatch.setenv("PATH", "")
    assert main(["ui"]) == 2
    assert "pip install 'syntonic[ui]'" in capsys.readouterr().err


def test_a_link_in_the_place_of_the_dashboards_log_is_refused(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".syntonic").mkdir()
    (folder / ".syntonic" / "mlflow.db").touch()
    (folder / "precious").write_text("mine")
    (folder / ".syntonic" / "ui.log").symlink_to(folder / "precious")
    assert main(["ui"]) == 2
    assert "ui.log cannot be written" in capsys.readouterr().err
    (folder / ".syntonic" / "mlflow.db").unlink()
    (folder / ".syntonic" / "mlflow.lock").symlink_to(folder / "precious")
    assert command() == 0, "what could not be recorded is kept in the run's folder"
    assert "warning" in capsys.readouterr().out
    assert (folder / "precious").read_text() == "mine"


def members(root: int) -> list[int]:
    """Returns a process and everything that it started."""
    if not Path(f"/proc/{root}/task").exists():
        pytest.skip("this system does not tell the children of a process")
    children = [
        int(pid) for task in Path(f"/proc/{root}/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    return [root, *(pid for child in children for pid in members(child))]


def memory(pid: int) -> int:
    """Returns the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
