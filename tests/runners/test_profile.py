"""The profile adds up, counts what it says it counts, and changes nothing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runner_folders import arrays, runs

from syntonic.runners.run.profile import Profile

Command = Callable[..., int]


def test_the_parts_are_what_was_spent_in_them() -> None:
    profile = Profile()
    batch = profile.timed("data: the batch", lambda: time.sleep(0.01))

    def records() -> Iterator[int]:
        for number in range(4):
            batch()
            time.sleep(0.02)
            yield number

    log = profile.timed("tracking: points queued", lambda: time.sleep(0.005))
    for _ in profile.records(records()):
        log()
    rows = profile.rows()
    # The first generation is not among them; sleeping takes at least as long as was asked for.
    assert rows["data: the batch"] >= 0.03
    assert rows["core: members evaluated, centre updated"] >= 0.06
    assert rows["tracking: points queued"] >= 0.02
    assert rows["checkpoints"] == 0.0
    assert all(seconds >= 0.0 for seconds in rows.values())


def test_a_profiled_run_comes_to_the_same_bits_and_shows_the_table(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none") == 0
    assert "where the time went" not in capsys.readouterr().out
    assert command("tracking=none", "experiment=profile") == 0
    said = capsys.readouterr().out
    assert "where the time went" in said
    assert "19 generations" in said
    first, second = runs(folder)
    assert arrays(first) == arrays(second)


def test_debug_ends_a_run_at_the_first_figure_that_is_no_number(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tracking=none", "experiment=debug", "trainer.nan_at=7") == 1
    assert "generation 7: loss is nan" in capsys.readouterr().out
    (run,) = runs(folder)
    kept = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert kept == ["gen-00000005", "gen-00000006"]
