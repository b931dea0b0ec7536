"""The process that records a run starts before the run is known: it is taken by that run, or leaves nothing behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.run.build import prepared
from syntonic.tracking import writer_process
from syntonic.tracking.writer_process import WriterProcess

Command = Callable[..., int]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[WriterProcess]:
    """The processes that are started."""
    processes: list[WriterProcess] = []

    class Seen(WriterProcess):
        def __init__(self) -> None:
            super().__init__()
            processes.append(self)

    monkeypatch.setattr(writer_process, "WriterProcess", Seen)
    return processes


def test_a_run_takes_the_process_that_was_started_ahead(
    command: Command, folder: Path, made: list[WriterProcess]
) -> None:
    assert command("trainer.max_generations=2") == 0
    assert len(made) == 1
    assert len(list(folder.glob(".syntonic/artifacts/*/artifacts/report.html"))) == 1


@pytest.mark.parametrize("words", [["trainer.sigm=1"], ["trainer=nothing"], ["trainer.sigma=0.1,0.2"]])
def test_a_request_that_starts_no_run_leaves_no_process(
    command: Command, folder: Path, made: list[WriterProcess], words: list[str]
) -> None:
    assert command(*words) == 2
    assert all(process.gone for process in made)
    assert list(folder.glob(".syntonic*")) == []


@pytest.mark.parametrize("words", [["tracking=none"], ["--cfg"], ["-m", "tracking=none", "seed=0,1"]])
def test_what_needs_no_record_starts_no_process(command: Command, made: list[WriterProcess], words: list[str]) -> None:
    assert command("trainer.max_generations=2", *words) == 0
    assert made == []


def test_a_config_without_tracking_ends_the_process_before_the_run(made: list[WriterProcess]) -> None:
    """As one does that a file of the user's own has without tracking, where no typed word tells of it."""
    config = RunConfig({}, {}, {}, {"name": "none"}, {}, seed=0, device="cpu", name="a")
    writer_process.start_ahead()
    with prepared(config):
        assert made[0].gone


def test_a_sweep_keeps_no_process_waiting(command: Command, made: list[WriterProcess]) -> None:
    """Words that ask for a sweep without `-m`: the process that was started ahead has no run then."""
    assert command("sweep.seeds=2", "trainer.max_generations=2") == 0
    assert len(made) == 3, "one that was not needed, and those of the two runs"
    assert made[0].gone
