"""What the shell is offered, and that a real shell makes the right words of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from syntonic.runners.cli import main
from syntonic.runners.command.completion import candidates

CASES = [
    ("trainer=r", ["trainer=res", "trainer=retrocausal"]),
    ("trainer.sigma", ["trainer.sigma=", "trainer.sigma_final=", "trainer.sigma_unit="]),
    ("hydra/sweeper=t", ["hydra/sweeper=tpe"]),
    ("hydra/sweeper=tpe hydra.sweeper.n", ["hydra.sweeper.n_trials="]),
    ("seed=1 sweep.se", ["sweep.seeds="]),
    ("-cn dig", ["digits", "digits_activity"]),
    ("--comp", ["--completion"]),
    ("experiment=s", ["experiment=smoke"]),
    ("device=c", ["device=cpu", "device=cuda"]),
    ("no.such", []),
    ("doc", ["doctor"]),
    ("seed=1 doc", []),
]


@pytest.mark.parametrize(("line", "expected"), CASES)
def test_what_can_follow(folder: Path, line: str, expected: list[str]) -> None:
    assert candidates(line) == expected


def test_an_overlay_has_the_keys_of_what_it_states_differences_from(folder: Path) -> None:
    keys = candidates("trainer=retrocausal trainer.", ())
    assert candidates("trainer=es trainer.", ()) == keys
    assert {"trainer.sigma=", "trainer.sigma_learning_rate="} < set(candidates("trainer=snes trainer.", ()))


def test_the_words_of_the_user_are_offered_and_broken_ones_do_no_harm(folder: Path) -> None:
    (folder / "conf" / "trainer").mkdir(parents=True)
    (folder / "conf" / "trainer" / "mine.yaml").write_text("name: [")
    assert candidates("trainer=m") == ["trainer=mine"]
    assert "trainer.mine" not in candidates("trainer=mine trainer.")


COMMAND = f'{sys.executable} -c "import sys; from syntonic.runners.cli import main; sys.exit(main())"'
SHELLS = {
    "bash": f"""
        syntonic-run() {{ {COMMAND} "$@"; }}
        eval "$(syntonic-run --completion bash)"
        COMP_LINE="syntonic-run TYPED" COMP_WORDS=(syntonic-run TYPED) COMP_POINT=1000
        _syntonic_run
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """,
    # What a widget would see; the functions of zsh's own completion work in a widget alone.
    "zsh": f"""
        syntonic-run() {{ {COMMAND} "$@"; }}
        compdef() {{ print -r -- "$@" > registered; }}
        compadd() {{ shift ${{@[(i)--]}}; print -rl -- "$@"; }}
        eval "$(syntonic-run --completion zsh)"
        words=(${{(s: :)${{:-syntonic-run TYPED}}}}) CURRENT=$#words
        _syntonic_run
    """,
    "fish": f"""
        function syntonic-run; {COMMAND} $argv; end
        syntonic-run --completion fish | source
        complete --do-complete "syntonic-run TYPED"
    """,
}


@pytest.mark.parametrize(
    ("line", "expected"), [("seed=1 trainer=r", ["res", "retrocausal"]), ("trainer.sigma_f", ["trainer.sigma_final="])]
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(folder: Path, shell: str, line: str, expected: list[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    script = SHELLS[shell].replace("TYPED", line)
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    found = [word for word in done.stdout.split("\n") if word]
    assert [word.removeprefix("trainer=") for word in found] == expected, done.stderr


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--completion", "bsh"]) == 2
    assert "did you mean 'bash'?" in capsys.readouterr().err
