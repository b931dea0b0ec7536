"""A dry run: what a sweep would do, as far as that is known before its next run has ended."""

import statistics
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from syntonic.core.status import Status
from syntonic.runners.run.figures import counted
from syntonic.runners.sweep.history import History
from syntonic.runners.sweep.plan import Plan
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.state import SweepState


def rehearse(plan: Plan, history: History, console: Console) -> None:
    """Prints the runs, which of them are known, and about how long the others would take."""
    jobs = _foreseen(plan, history)
    left = {job.digest: _seconds(job, history) for job in jobs if job.config and job.digest not in history.done}
    known = [cost for cost in left.values() if cost is not None]
    seconds = None
    if known and len(known) == len(left):
        seconds = sum(known) + statistics.fmean(known) * (plan.total - len(jobs))
    _show(console, plan, jobs, history.done, seconds)


def _foreseen(plan: Plan, history: History) -> list[Job]:
    # Up to the first batch that holds a run without a known end: what comes after it depends on that end.
    batches = plan.sweeper.batches()
    proposals = next(batches)
    state, points = SweepState(plan.settings), 0
    while True:
        jobs = plan.jobs(proposals, points)
        points += len(proposals)
        for job in jobs:
            state.jobs[job.number] = job
            if job.config is None:
                state.put(RunResult(job.number, Status.REFUSED, reason=job.faults[0]), job)
            elif job.digest in history.done:
                state.put(history.done[job.digest], job)
        if any(job.number not in state.results for job in jobs):
            break
        try:
            proposals = batches.send(state.told(jobs))
        except StopIteration:
            break
    return list(state.jobs.values())


def _show(
    console: Console, plan: Plan, jobs: Sequence[Job], known: Mapping[str, RunResult], seconds: float | None
) -> None:
    # `seconds`: what the runs that are left would take one after another; None: nothing to go by.
    total, places = plan.total, plan.launcher.places
    table = Table(box=None)
    for heading in ("run", "point", "would"):
        table.add_column(heading)
    first: dict[str, int] = {}
    counts: dict[str, int] = {}
    for job in jobs:
        if job.config is None:
            action, told = "refuse", job.faults[0]
        elif job.digest in known:
            action, told = "skip", f"finished as {known[job.digest].run_id or known[job.digest].tracked_as}"
        elif job.digest in first:
            action, told = "skip", f"the same as run {first[job.digest]}"
        else:
            action, told = "run", ""
            first[job.digest] = job.number
        counts[action] = counts.get(action, 0) + 1
        table.add_row(str(job.number), escape(job.text), escape(f"{action}  {told}".rstrip()))
    console.print(table)
    said = [f"{count} to {action}" for action, count in counts.items()]
    if total > len(jobs):
        said.append(f"{total - len(jobs)} more depend on results")
    console.print(f"{counted(total, 'run')}: {', '.join(said)}", markup=False, soft_wrap=True)
    if not counts.get("run") and total <= len(jobs):
        console.print("nothing is left to run")
    elif seconds is None:
        console.print("time: unknown; no run of this model and benchmark has finished here yet")
    else:
        console.print(
            f"time: about {_duration(seconds / places)} with {places} at a time, going by runs that have finished here"
        )


def _seconds(job: Job, history: History) -> float | None:
    assert job.config is not None
    estimate = history.estimates.get((job.config.model["name"], job.config.benchmark["name"]))
    return estimate.seconds(job.config.trainer) if estimate else None


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
