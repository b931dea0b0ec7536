"""What `syntonic-run new` writes runs as it stands, and passes its own test."""

import os
import subprocess
import sys

import pytest

from syntonic.runners.cli import main

GROUPS = {"model": "model", "benchmark": "benchmark", "callback": "callbacks", "trainer": "trainer"}


def python(*words: str) -> str:
    """Runs Python in the working folder and returns what it printed."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", GROUPS)
def test_it_runs_and_passes_its_test(folder, monkeypatch, capsys, kind):
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    assert main(["new", kind, "my_own"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["my_own.py", "test_my_own.py"]
    first = f"syntonic-run --use my_own.py {GROUPS[kind]}=my_own"
    assert first in capsys.readouterr().out
    command = "import sys; from syntonic.runners.cli import main; sys.exit(main())"
    assert "FINISHED" in python("-c", command, *first.split()[1:], "tracking=none", "trainer.max_generations=20")
    assert "passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_own.py")
    done = python("-m", "ruff", "check", "--isolated", "--select", "E,F,UP,B", "--line-length", "120", "my_own.py")
    assert "All checks passed" in done


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say what and its name"),
        (["model"], "say what and its name"),
        (["modle", "x"], "did you mean 'model'?"),
        (["model", "my-model"], "try my_model"),
        (["model", "class"], "must be lower-case letters"),
        (["model", "../up"], "must be lower-case letters"),
        (["model", "mlp"], "there is a model 'mlp' already"),
        (["trainer", "es"], "there is a trainer 'es' already"),
        (["callback", "json"], "Python has a module 'json' already"),
    ],
)
def test_a_wrong_name_writes_nothing(folder, capsys, words, told):
    assert main(["new", *words]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_nothing_is_written_over(folder, capsys):
    (folder / "test_mine.py").write_text("what I have written")
    assert main(["new", "model", "mine"]) == 2
    assert "test_mine.py: there already" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["test_mine.py"]
    assert (folder / "test_mine.py").read_text() == "what I have written"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_refuses_is_told(folder, capsys):
    folder.chmod(0o500)
    assert main(["new", "model", "mine"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_help_marks_options_whose_class_is_not_loaded(folder, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    assert main(["new", "model", "mine_of_help"]) == 0
    (folder / "conf" / "model").mkdir(parents=True)
    (folder / "conf" / "model" / "wide.yaml").write_text("name: mine_of_help\nwidth: 99\n")
    (folder / "conf" / "model" / "small.yaml").write_text("name: mlp\nhidden: [2]\n")
    capsys.readouterr()
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "wide (its class is not loaded: --use FILE.py)" in said
    assert "small  " in said
    assert main(["model=wide"]) == 2
    assert "--use FILE.py" in capsys.readouterr().err
    assert main(["--use", "mine_of_help.py", "--help"]) == 0
    said = capsys.readouterr().out
    assert "not loaded" not in said
    assert "mine_of_help" in said
