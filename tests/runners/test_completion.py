"""What the shell is offered, and that a real shell makes the right words of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from syntonic.runners.cli import main
from syntonic.runners.completion import candidates

CASES = [
    ("trainer=r", ["trainer=res", "trainer=retrocausal"]),
    ("trainer.sig", ["trainer.sigma="]),
    ("hydra/sweeper=t", ["hydra/sweeper=tpe"]),
    ("hydra/sweeper=tpe hydra.sweeper.n", ["hydra.sweeper.n_trials="]),
    ("seed=1 sweep.se", ["sweep.seeds="]),
    ("-cn dig", ["digits"]),
    ("--comp", ["--completion"]),
    ("experiment=s", ["experiment=smoke"]),
    ("device=c", ["device=cpu", "device=cuda"]),
    ("no.such", []),
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_what_can_follow(folder: Path, line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


def test_the_words_of_the_user_are_offered_and_broken_ones_do_no_harm(folder: Path) -> None:
    (folder / "conf" / "trainer").mkdir(parents=True)
    (folder / "conf" / "trainer" / "mine.yaml").write_text("name: [")
    assert candidates("trainer=m") == ["trainer=mine"]
    assert "trainer.mine" not in candidates("trainer=mine trainer.")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(folder: Path) -> None:
    command = f'{sys.executable} -c "import sys; from syntonic.runners.cli import main; sys.exit(main())"'
    script = f"""
    syntonic-run() {{ {command} "$@"; }}
    eval "$(syntonic-run --completion bash)"
    COMP_LINE="syntonic-run seed=1 trainer=r" COMP_POINT=30 COMP_WORDS=(syntonic-run seed=1 trainer=r) COMP_CWORD=2
    _syntonic_run
    echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["res", "retrocausal"]


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--completion", "bsh"]) == 2
    assert "did you mean 'bash'?" in capsys.readouterr().err
