"""A metric that nothing reports is refused before anything is written, whoever names it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run import probe

Command = Callable[..., int]
BAD = [
    ["callbacks=early_stop", "callbacks.early_stop.metric=test_loss"],
    ["callbacks=best", "callbacks.best_checkpoint.metric=acuracy"],
    ["callbacks=target", "callbacks.target.metric=nothing"],
]


def said_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Returns what is said of a request that must be refused."""
    assert main(words) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("words", BAD, ids=[words[1] for words in BAD])
@pytest.mark.parametrize("sweep", [[], ["-m", "seed=0,1"]], ids=["run", "sweep"])
def test_a_callback_that_watches_nothing_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], sweep: list[str]
) -> None:
    said = said_of([*words, *sweep], capsys)
    assert f"{words[1]}: there is no such metric" in said
    assert "the trainer reports loss, accuracy" in said
    assert said.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_trainer_from_elsewhere_is_asked_for_one_generation(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("callbacks=plateau", "tracking=none") == 2
    assert "callbacks.fitness_plateau watches mean_fitness: there is no such metric" in capsys.readouterr().err
    assert command("callbacks=early_stop", "callbacks.early_stop.target=0.1", "tracking=none") == 0
    assert len(runs(folder)) == 1


def test_a_resumed_run_is_asked_too(command: Command, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tracking=none", "trainer.fails_at=5", "callbacks=early_stop") == 1
    assert (
        main(["-cd", str(Path(__file__).parent / "configs"), "resume=last", "callbacks.early_stop.metric=nothing"]) == 2
    )
    assert "callbacks.early_stop.metric=nothing" in capsys.readouterr().err


OPTIONS = [
    [],
    ["benchmark=digits", "trainer=es"],
    ["benchmark=weights"],
    ["trainer=snes"],
    ["benchmark=digits", "trainer=activity", "trainer.signal_interval=1"],
    ["model=transformer", "benchmark=transformer", "benchmark.length=4"],
]


@pytest.mark.parametrize("words", OPTIONS, ids=" ".join)
def test_the_names_are_those_of_a_record(folder: Path, words: list[str]) -> None:
    with opened(()) as loader:
        config = schema.check(compose(loader, "config", words, multirun=False).config)
    parts = probe.small(config)
    told = probe.of_generation(config, parts)
    reported = list(next(iter(parts.trainer.run(parts.model, parts.benchmark))).metrics())
    assert [name for name in told if not name.startswith("signal/")] == [
        name for name in reported if not name.startswith("signal/")
    ]
    assert set(reported) <= set(told)
