"""A top-level key is three files and a command two, those of docs/adding-things.md."""

import pytest
from repository_copy import Copy, shown

QUICK = ("tracking=none", "trainer.max_generations=2", "trainer.population_size=4")


@pytest.mark.slow
def test_a_top_level_key(copy: Copy) -> None:
    copy.apply("A top-level key")
    copy.python("docs/keys.py")
    assert copy.touched() == [
        "syntonic/conf/config.yaml",
        "syntonic/runners/config/run_config.py",
        "syntonic/runners/run/life.py",
    ]
    assert "note=null" in copy.command("--help")
    assert "note=" in copy.command("--complete", "no")
    with pytest.raises(AssertionError, match="note=3: must be text"):
        copy.command("note=3")
    assert "\nfirst try\n" in copy.command(*QUICK, "note=first try")


@pytest.mark.slow
def test_a_command(copy: Copy) -> None:
    (code,) = shown("A command")
    copy.write("syntonic/runners/command/where.py", code)
    copy.apply("A command")
    assert len(copy.touched()) == 2
    assert copy.command("where") == f"{copy.root / '.syntonic'}\n"
    assert "prints the folder" in copy.command("where", "--help")
    assert "  where " in copy.command("--help")
    with pytest.raises(AssertionError, match="unknown flag '--al'"):
        copy.command("where", "--al")
