"""Starts one new run and sees it to its end."""

from collections.abc import Sequence

from rich.console import Console

from syntonic.runners import summary
from syntonic.runners.build import build
from syntonic.runners.config import RunConfig
from syntonic.runners.run_folder import RunFolder
from syntonic.runners.train import train


def start(config: RunConfig, config_name: str, overrides: Sequence[str], console: Console) -> summary.Outcome:
    """Builds the parts, takes a folder, trains, and prints the summary.

    Args:
        config: of the run, checked.
        config_name: the sentence that it was composed from.
        overrides: what was typed besides; both are kept, so that a resumed run can be compared.
        console: where progress goes.

    Raises:
        RequestError: if the parts refuse the config, or the folder cannot be written.
    """
    parts = build(config)
    folder = RunFolder.create(config.name, config.plain(), config_name, list(overrides))
    try:
        announce(console, config, folder)
        outcome = train(config, parts, folder, console)
    finally:
        folder.release()
    summary.show(console, outcome)
    return outcome


def announce(console: Console, config: RunConfig, folder: RunFolder, after: int | None = None) -> None:
    """Prints what is about to run; `after` is the generation that a resumed run goes on from."""
    parts = " / ".join(section["name"] for section in (config.model, config.benchmark, config.trainer))
    went = "" if after is None else f", goes on after generation {after}"
    console.print(f"{config.name}: {parts}, seed {config.seed}, {config.device}{went}", markup=False, soft_wrap=True)
    console.print(f"run {folder.facts.id} in {folder.path}", markup=False, soft_wrap=True)
