"""A key of sweeps is three files, a launcher too: what docs/adding-things.md shows, done in a copy."""

import json

from repository_copy import ROOT, Copy, shown

RUN = ["-m", "tracking=none", "trainer.max_generations=3,4,5", "trainer.population_size=4"]


def test_a_key_of_sweeps(copy: Copy) -> None:
    copy.apply("A key of sweeps")
    copy.python("docs/keys.py")
    touched = ["docs/sweeps.md", "syntonic/runners/sweep/report.py", "syntonic/runners/sweep/settings.py"]
    assert copy.touched() == touched
    assert "| `sweep.listed` | `30` |" in (copy.root / "docs" / "sweeps.md").read_text()
    assert "sweep.listed=30" in copy.command("--help")
    assert "sweep.listed=" in copy.command("--complete", "sweep.li")
    copy.command(*RUN, "sweep.listed=2")
    (ending,) = copy.root.glob(".syntonic/sweeps/*/tracking/ending.json")
    assert json.loads(ending.read_text())["ending"]["note"].count("| trainer.max_generations=") == 2


def test_a_launcher(copy: Copy) -> None:
    code, words = shown("A launcher")
    copy.write("syntonic/runners/launchers/fresh.py", code)
    copy.write("syntonic/conf/hydra/launcher/fresh.yaml", words)
    copy.apply("A launcher")
    assert len(copy.touched()) == 3
    assert "fresh" in copy.command("--help")
    copy.command(*RUN, "hydra/launcher=fresh")
    requests = [json.loads(path.read_text()) for path in copy.root.glob(".syntonic/runs/*/tracking/request.json")]
    assert len(requests) == len({request["process"]["pid"] for request in requests}) == 3, "a process for each run"
    assert {request["config"]["trainer"]["threads"] for request in requests} == {1}


def test_the_table_of_the_documents_is_that_of_the_keys(copy: Copy) -> None:
    copy.python("docs/keys.py")
    made = (copy.root / "docs" / "sweeps.md").read_text()
    assert made == (ROOT / "docs" / "sweeps.md").read_text(), "uv run python docs/keys.py writes it"
