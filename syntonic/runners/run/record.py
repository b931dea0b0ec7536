"""What a run is and how it ended: one record, which the run writes and everybody else reads.

It is kept as `run.json` in the run's folder, in the format of the first version: a run that was given up by its sweep
stands there as KILLED with the reason "pruned", and when it was is among its results.

`import syntonic` imports this module, and so does `--help`: what only some functions need is imported by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from syntonic.core.status import Status

FILE: Final = "run.json"
_FORMAT: Final = 1
_PRUNED: Final = "pruned"  # the reason by which the file tells PRUNED from KILLED
_PRUNED_AT: Final = ("pruned_at", "pruned_value")
_NEWER: Final = {"newer": True}  # the first version had no such field: it is written where it says something
_NOT_KEPT: Final = {"kept": False}  # what `plain` looks for: the field is not in the file


@dataclass(frozen=True)
class RunRecord:
    """A run: what it was asked to do, how it stands, and how it ended.

    Attributes:
        id: the name of the run's folder.
        title: what people call the run.
        started: seconds since 1970 when the run was last started or resumed.
        config: the resolved config.
        config_name, overrides: the request that the config was composed from.
        status: RUNNING until the run has ended.
        tracked_as: the tracking store's id of the run, None while it has none.
        generation: the last generation, once the run has ended in an orderly way.
        sweep: of a point of a sweep, `id`, `point` (what was set) and `parent` (the store's id of the sweep).
        results: the centre's final metrics, `train_loss`, `test_accuracy` and so on; empty unless FINISHED.
        reason: why the run ended before its last generation, empty if it did not.
        seconds, evaluations: of training, in the process that ended the run.
        core: the SHA-256 of the core library that ended the run.
        inputs: the SHA-256 of each file of data and of own code that the run reads, by its name.
        uses: the user's code that the run was made with, as `own.Source.record` tells it; its text lies in `own/`.
        blind: generations in which the loss of every member was NaN, so that nothing was learnt from them.
        pruned: generation and value at which the sweep gave the run up.
        folder: where the run's files are; this and what follows is no field of the file.
        store: the address of the tracking store, or the folder.
        dashboard: whether a dashboard can be opened on `store`.
        problems: what went wrong with recording the run.
    """

    id: str
    title: str
    started: float
    config: dict[str, Any]
    config_name: str
    overrides: list[str]
    status: Status = Status.RUNNING
    tracked_as: str | None = None
    generation: int | None = None
    sweep: dict[str, str] | None = None
    results: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    evaluations: int = 0
    core: str = ""
    inputs: dict[str, str] = field(default_factory=dict, metadata=_NEWER)
    uses: list[dict[str, str]] = field(default_factory=list, metadata=_NEWER)
    blind: int = field(default=0, metadata=_NEWER)
    pruned: tuple[int, float] | None = field(default=None, metadata=_NOT_KEPT)
    folder: Path = field(default=Path(), metadata=_NOT_KEPT)
    store: str = field(default="", metadata=_NOT_KEPT)
    dashboard: bool = field(default=False, metadata=_NOT_KEPT)
    problems: list[str] = field(default_factory=list, metadata=_NOT_KEPT)

    @property
    def ids(self) -> tuple[str, ...]:
        """The names that the run answers to."""
        return (self.id, self.tracked_as) if self.tracked_as else (self.id,)

    @property
    def run_id(self) -> str:
        """The id under which the tracking store knows the run; its own one if the store does not."""
        return self.tracked_as or self.id

    @property
    def total(self) -> int | None:
        """The generations of the whole run, None if its config does not say."""
        trainer = self.config.get("trainer")
        total = trainer.get("max_generations") if isinstance(trainer, dict) else None
        return total if type(total) is int else None

    @property
    def metrics(self) -> Mapping[str, float]:
        """The same as `results`."""
        return self.results

    @property
    def checkpoint(self) -> Path | None:
        """The folder of the newest checkpoint, None if there is none."""
        from syntonic.tracking.checkpoint import newest

        return newest(self.folder / "checkpoints")

    @property
    def exit_code(self) -> int:
        """What `syntonic-run` answers: 0 done, 1 failed, 2 refused, 128 + n ended by signal n."""
        import re
        import signal

        if self.status is Status.KILLED:
            by = re.fullmatch(r"by (SIG[A-Z]+)", self.reason)
            return 128 + signal.Signals[by[1]] if by and by[1] in signal.Signals.__members__ else 1
        return {Status.FAILED: 1, Status.REFUSED: 2}.get(self.status, 0)

    def _repr_html_(self) -> str:
        from syntonic.runners.run.shown import run_html

        state = self.status.value + (f" ({self.reason})" if self.reason else "")
        told = f"{state} after {self.generation or 0} of {self.total or 0} generations"
        return run_html(self.title, told, self.results, self.folder)

    def write(self) -> None:
        """Writes the record into its folder, whole or not at all.

        Raises:
            OSError: if the disk refuses it.
        """
        from syntonic.tracking import plain

        newer = {each.name for each in fields(self) if each.metadata.get("newer")}
        kept = {name: getattr(self, name) for name in plain.kept(RunRecord)}
        kept = {name: value for name, value in kept.items() if value or name not in newer}
        if self.status is Status.PRUNED:
            at = {} if self.pruned is None else dict(zip(_PRUNED_AT, map(float, self.pruned), strict=True))
            kept |= {"status": Status.KILLED, "reason": _PRUNED, "results": at}
        plain.write_json(self.folder / FILE, {"format": _FORMAT, **kept})


def given_up(generation: int) -> str:
    """Returns why a run that was pruned has no result."""
    return f"given up after generation {generation}"


def read(folder: Path) -> RunRecord:
    """Reads the record of the run in a folder.

    Raises:
        OSError: if there is none, or it cannot be read.
        ValueError: if it is not what it should be; the message says what is wrong.
    """
    import math

    from syntonic.tracking import plain

    found = plain.read(folder / FILE, RunRecord, _FORMAT)
    if found.id != folder.name:
        raise ValueError(f"it is of a run {found.id[:60]!r}")
    if found.status is Status.KILLED and found.reason == _PRUNED:
        at, value = (found.results.get(key, math.nan) for key in _PRUNED_AT)
        pruned = (int(at), value) if 0 <= at < math.inf and math.isfinite(value) else None
        reason = given_up(pruned[0]) if pruned else _PRUNED
        found = replace(found, status=Status.PRUNED, reason=reason, results={}, pruned=pruned)
    return replace(found, folder=folder)
