"""Runs from Python: `run(["model=mlp"])` does what the command does, and `load("last")` opens what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from syntonic.runners.run.record import RunRecord

if TYPE_CHECKING:
    from syntonic.runners.run.trained import TrainedRun
    from syntonic.runners.sweep.outcome import SweepOutcome

RunResult = RunRecord


def run(
    overrides: Sequence[str] = (),
    *,
    config_name: str | None = None,
    config_dir: str | Path | None = None,
    use: Sequence[str | Path] = (),
    quiet: bool = False,
) -> RunRecord:
    """Composes, checks and carries out one run.

    Nothing heavy is imported before the call. A failure of the run itself is told by `status` and `reason`.

    Args:
        overrides: `key=value`, as on the command line: `["benchmark=digits", "trainer.sigma=0.1"]`.
        config_name: the config to start from; None: the default run.
        config_dir: a folder of the user's own config groups and configs.
        use: files and modules of the user's own, as `--use` takes them; classes registered before the call are known.
        quiet: whether to print nothing.

    Raises:
        ValueError: naming every fault of the request; nothing was written then. A sweep is one: `sweep` starts it.
    """
    from dataclasses import replace

    from syntonic.runners.command.arguments import Arguments
    from syntonic.runners.command.request import single
    from syntonic.runners.config.errors import RequestError

    folder = None if config_dir is None else str(config_dir)
    arguments = Arguments(tuple(overrides), config_name, folder, tuple(map(str, use)))
    try:
        record = single(arguments, quiet=quiet)
    except RequestError as error:
        raise ValueError("; ".join(error.faults)) from error
    return replace(record, folder=record.folder.resolve())


def sweep(
    overrides: Sequence[str],
    *,
    config_name: str | None = None,
    config_dir: str | Path | None = None,
    use: Sequence[str | Path] = (),
    quiet: bool = False,
) -> "SweepOutcome":
    """Carries out a sweep as `syntonic-run -m` does: `sweep(["trainer.sigma=0.05,0.1", "seed=0,1,2"])`.

    What has finished before is not run again. A failed run is told by `failures`.

    Args:
        overrides: `key=a,b`, `range(0,5)`, `interval(0.01,1)` and so on, with the keys `sweep.*`.
        config_name: as in `run`.
        config_dir: as in `run`.
        use: as in `run`.
        quiet: as in `run`.

    Raises:
        ValueError: naming every fault of the request; nothing was started then.
    """
    from syntonic.runners.command.arguments import Arguments
    from syntonic.runners.command.request import several
    from syntonic.runners.config.errors import RequestError

    folder = None if config_dir is None else str(config_dir)
    try:
        return several(Arguments(tuple(overrides), config_name, folder, tuple(map(str, use)), quiet=quiet))
    except RequestError as error:
        raise ValueError("; ".join(error.faults)) from error


def load(run: str | Path | RunRecord = "last", *, use: Sequence[str | Path] = ()) -> "TrainedRun":
    """Opens a run that was trained before: its `model`, `config`, `history` and `results`.

    Args:
        run: "last", an id or its first letters, the folder of a run, or what `run` returned.
        use: code of the user's own that the run needs, if it was never used on this machine.

    Raises:
        ValueError: if there is no such run, or its model cannot be used.
    """
    from syntonic.runners.config.errors import RequestError
    from syntonic.runners.run.trained import opened

    try:
        return opened(run, tuple(map(str, use)))
    except RequestError as error:
        raise ValueError("; ".join(error.faults)) from error
