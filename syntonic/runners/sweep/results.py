"""What passes between a sweep and the processes that run its points: plain data, both ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syntonic.core.status import Status
from syntonic.runners.run.record import RunRecord


@dataclass(frozen=True)
class RunSpec:
    """One run of a sweep, ready to start in whatever process.

    Attributes:
        number: of the run in its sweep, from 0.
        config: the checked config, as stored.
        config_name, overrides: what it was composed from.
        sweep: as `RunRecord` has it.
        folder: the sweep's folder, absolute.
        resume: the folder of an interrupted run, absolute; None: a new run.
        prune: the metric by which runs are pruned; None: none is.
        cwd: the working folder of the sweep's process, from which names of files in the config count.
        home: the root of all runs, absolute.
        host: the machine of the sweep's process.
        modules: what must be imported besides syntonic, so that every name is registered.
        path: where Python looks for modules.
        digest: of what decides the run's numbers.
        uses: the user's code with its text, as `own.Source` has it.
    """

    number: int
    config: dict[str, Any]
    config_name: str
    overrides: list[str]
    sweep: dict[str, str]
    folder: str
    resume: str | None
    prune: str | None
    cwd: str
    home: str
    host: str
    modules: list[str]
    path: list[str]
    digest: str = ""
    uses: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class RunResult:
    """What became of one run: of its record what a sweep needs, which is little and passes from process to process.

    Attributes:
        number: of the run in its sweep.
        status: how it ended; KILLED can be resumed.
        results: the final metrics.
        reason: why there are none; empty if there are.
        run_id: the run's own id, empty if none was made.
        tracked_as: the tracker's id of it.
        seconds: of training.
        exit_code: what `syntonic-run` would have answered for the run alone.
        pruned: generation and value at which it was given up.
        reused: whether it had finished before and was not run again.
    """

    number: int
    status: Status
    results: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    run_id: str = ""
    tracked_as: str = ""
    seconds: float = 0.0
    exit_code: int = 0
    pruned: tuple[int, float] | None = None
    reused: bool = False

    def __post_init__(self) -> None:
        """Takes a status by its name too, as it comes from another process."""
        object.__setattr__(self, "status", Status(self.status))

    @classmethod
    def of(cls, record: RunRecord, number: int = -1, *, reused: bool = False) -> "RunResult":
        """Returns what became of a run by its record."""
        return cls(
            number,
            record.status,
            dict(record.results),
            record.reason,
            record.id,
            record.tracked_as or "",
            record.seconds,
            record.exit_code,
            record.pruned,
            reused,
        )

    @classmethod
    def failed(cls, number: int, reason: str) -> "RunResult":
        """Returns the result of a run that failed with this cause."""
        return cls(number, Status.FAILED, reason=reason, exit_code=1)
