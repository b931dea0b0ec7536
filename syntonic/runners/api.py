"""Runs from Python: `syntonic.run(["model=mlp"])` does what the command does, and returns what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunResult:
    """What came of a run.

    Attributes:
        title: what the run is called.
        status: FINISHED, FAILED or KILLED.
        metrics: the centre's final figures, `train_loss`, `test_accuracy` and so on; empty unless FINISHED.
        generation: the last one.
        seconds: of training.
        run_id: under which the tracking store knows it.
        store: the address of that store, or the run's folder.
        folder: of the run: journal, checkpoints, `run.json`.
        checkpoint: the newest one, None if there is none.
        reason: why it ended before its last generation; empty if it did not.
        exit_code: what the command would have answered.
    """

    title: str
    status: str
    metrics: Mapping[str, float]
    generation: int
    seconds: float
    run_id: str
    store: str
    folder: Path
    checkpoint: Path | None
    reason: str
    exit_code: int


def run(
    overrides: Sequence[str] = (),
    *,
    config_name: str | None = None,
    config_dir: str | Path | None = None,
    quiet: bool = False,
) -> RunResult:
    """Composes, checks and carries out one run.

    Nothing heavy is imported before the call. A failure of the run itself is told by `status` and `reason`.

    Args:
        overrides: `key=value` words as on the command line: `["benchmark=digits", "trainer.sigma=0.1"]`.
        config_name: the sentence to start from; None: the default run.
        config_dir: a folder of the user's own words and sentences.
        quiet: whether to print nothing.

    Raises:
        ValueError: naming every fault of the request; nothing was written then. A sweep is one: it is started by
            `syntonic-run -m`.
    """
    from syntonic.runners.command.arguments import Arguments
    from syntonic.runners.command.request import single
    from syntonic.runners.config.errors import RequestError
    from syntonic.tracking.checkpoint import newest

    arguments = Arguments(tuple(overrides), config_name, None if config_dir is None else str(config_dir))
    try:
        outcome = single(arguments, quiet=quiet)
    except RequestError as error:
        raise ValueError("; ".join(error.faults)) from error
    return RunResult(
        title=outcome.title,
        status=outcome.status.value,
        metrics=dict(outcome.results),
        generation=outcome.generation,
        seconds=outcome.seconds,
        run_id=outcome.receipt.run_id,
        store=outcome.receipt.store,
        folder=outcome.folder.resolve(),
        checkpoint=newest(outcome.folder.resolve() / "checkpoints"),
        reason=outcome.reason,
        exit_code=outcome.exit_code,
    )
