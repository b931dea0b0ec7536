"""What has been run before: finished configs, which need not be run again, and interrupted runs, which can go on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from syntonic.core import registry
from syntonic.runners.config import run_config as configs
from syntonic.runners.run.folder import RunFacts, home, known
from syntonic.runners.run.train import PRUNED as GIVEN_UP
from syntonic.runners.sweep.results import PRUNED, RunResult, given_up
from syntonic.tracking import provenance
from syntonic.tracking.base import Archive, Past, Status
from syntonic.tracking.delivery import short


@dataclass(frozen=True)
class History:
    """What is known of earlier runs, by the digest of their configs.

    Attributes:
        done: results of runs that need not be run again, their number still to be set.
        begun: folders of interrupted and failed runs of this sweep.
        failed: those of them that failed.
        problem: why the store could not be asked, empty if it was.
        other_core: digests of configs that have finished with another build of the core.
        seconds_per_evaluation: of finished runs, by the names of model and benchmark.
    """

    done: dict[str, RunResult] = field(default_factory=dict)
    begun: dict[str, Path] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    other_core: set[str] = field(default_factory=set)
    problem: str = ""
    seconds_per_evaluation: dict[tuple[str, str], list[float]] = field(default_factory=dict)


def look_back(sweep_id: str, tracking: Mapping[str, Any] | None) -> History:
    """Reads the folders of the runs, then what the tracker remembers beyond them.

    Args:
        sweep_id: interrupted runs of this sweep can go on; others are not its business.
        tracking: the config's section of that name; None: only the folders are read.

    Raises:
        RequestError: naming each `run.json` that cannot be read.
    """
    history = History()
    core = provenance.core_digest()
    for folder in reversed(known()):  # the latest has the last word
        _take(history, folder.path, folder.facts, sweep_id, core)
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
                result = RunResult(-1, "FINISHED", past.results, tracked_as=past.run_id, reused=True)
                history.done.setdefault(past.digest, result)
            elif past.digest:
                history.other_core.add(past.digest)
    return history


def _take(history: History, path: Path, facts: RunFacts, sweep_id: str, core: str) -> None:
    try:
        digest = configs.digest(facts.config)
        pair = (str(facts.config["model"]["name"]), str(facts.config["benchmark"]["name"]))
    except (KeyError, TypeError, AttributeError, RecursionError):  # of a folder that another program has written
        return
    ours = facts.sweep is not None and facts.sweep.get("id") == sweep_id
    if facts.status is Status.FINISHED:
        if facts.core == core:
            history.done[digest] = result_of(facts, reused=True)
        else:
            history.other_core.add(digest)
        if facts.evaluations > 0 and 0 <= facts.seconds < math.inf:
            history.seconds_per_evaluation.setdefault(pair, []).append(facts.seconds / facts.evaluations)
    elif ours and facts.reason == GIVEN_UP:
        history.done[digest] = result_of(facts, reused=True)
    elif ours and digest not in history.done:
        history.begun[digest] = path.absolute()  # not resolved: who takes it refuses a link
        (history.failed.add if facts.status is Status.FAILED else history.failed.discard)(digest)


def result_of(facts: RunFacts, *, reused: bool = False) -> RunResult:
    """Returns what became of a run by its folder, its number still to be set."""
    pruned = _pruned(facts)
    return RunResult(
        -1,
        PRUNED if facts.reason == GIVEN_UP else facts.status.value,
        {key: value for key, value in facts.results.items() if not key.startswith("pruned_")},
        reason=given_up(pruned[0]) if pruned else facts.reason,
        run_id=facts.id,
        tracked_as=facts.tracked_as or "",
        seconds=facts.seconds,
        pruned=pruned,
        reused=reused,
    )


def _pruned(facts: RunFacts) -> tuple[int, float] | None:
    at, value = (facts.results.get(key, math.nan) for key in ("pruned_at", "pruned_value"))
    return (int(at), value) if 0 <= at < math.inf and math.isfinite(value) else None
