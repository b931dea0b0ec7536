"""What has been run before: finished configs, which are not run again, and interrupted runs, which are resumed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from syntonic.core import registry
from syntonic.core.status import Status
from syntonic.runners.config import run_config as configs
from syntonic.runners.run.folder import home
from syntonic.runners.run.listing import known
from syntonic.runners.run.record import RunRecord
from syntonic.runners.sweep.estimate import Estimate
from syntonic.runners.sweep.results import RunResult
from syntonic.tracking import provenance
from syntonic.tracking.base import Archive, Past
from syntonic.tracking.uploader import short


@dataclass(frozen=True)
class History:
    """What is known of earlier runs, by the digest of their configs.

    Attributes:
        done: results of runs that need not be run again, their number still to be set.
        begun: folders of interrupted and failed runs of this sweep.
        failed: those of them that failed.
        passed_over: what is wrong with folders of runs that cannot be read.
        problem: why the store could not be asked, empty if it was.
        other_core: digests of configs that have finished with another build of the core.
        estimates: of what a run takes, by the names of model and benchmark.
    """

    done: dict[str, RunResult] = field(default_factory=dict)
    begun: dict[str, Path] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    other_core: set[str] = field(default_factory=set)
    passed_over: list[str] = field(default_factory=list)
    problem: str = ""
    estimates: dict[tuple[str, str], Estimate] = field(default_factory=dict)


def look_back(sweep_id: str, tracking: Mapping[str, Any] | None) -> History:
    """Reads the folders of the runs, then what the tracker remembers beyond them.

    Args:
        sweep_id: interrupted runs of this sweep can be resumed; others are not its business.
        tracking: the config's section of that name; None: only the folders are read.
    """
    history = History()
    core = provenance.core_digest()
    for folder in reversed(known(history.passed_over.append)):  # the latest counts
        _take(history, folder.record, sweep_id, core)
    if tracking is not None:
        arguments = {key: value for key, value in tracking.items() if key != "name"}
        archive: Archive = registry.lookup("tracking", tracking["name"])(**arguments)
        finished: Sequence[Past] = ()
        try:
            finished = archive.finished(home())
        except Exception as error:  # whatever a store's client raises; the folders are the first source
            history = replace(history, problem=f"{tracking.get('uri') or 'the store'}: {short(error)}")
        for past in finished:
            if past.core == core:
                result = RunResult(-1, Status.FINISHED, past.results, tracked_as=past.run_id, reused=True)
                history.done.setdefault(past.digest, result)
            elif past.digest:
                history.other_core.add(past.digest)
    return history


def _take(history: History, record: RunRecord, sweep_id: str, core: str) -> None:
    try:
        digest = configs.digest(record.config, record.inputs)
        pair = (str(record.config["model"]["name"]), str(record.config["benchmark"]["name"]))
    except (KeyError, TypeError, AttributeError, RecursionError):  # of a folder that another program has written
        return
    ours = record.sweep is not None and record.sweep.get("id") == sweep_id
    if record.status is Status.FINISHED:
        if record.core == core:
            history.done[digest] = RunResult.of(record, reused=True)
        else:
            history.other_core.add(digest)
        if 0 <= record.seconds < math.inf:
            history.estimates.setdefault(pair, Estimate()).add(record)
    elif ours and record.status is Status.PRUNED:
        history.done[digest] = RunResult.of(record, reused=True)
    elif ours and digest not in history.done:
        history.begun[digest] = record.folder.absolute()  # not resolved: who takes it refuses a link
        (history.failed.add if record.status is Status.FAILED else history.failed.discard)(digest)
