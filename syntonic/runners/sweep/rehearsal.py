"""A dry run: what a sweep would do, as far as that is known before its next run has ended."""

import statistics

from rich.console import Console

from syntonic.runners.sweep import table
from syntonic.runners.sweep.history import History
from syntonic.runners.sweep.plan import Job, Plan
from syntonic.runners.sweep.rows import REFUSED, Row
from syntonic.runners.sweep.standing import Standing


def rehearse(plan: Plan, history: History, console: Console) -> None:
    """Prints the runs, which of them are known, and about how long the others would take."""
    jobs = _foreseen(plan, history)
    left = {job.digest: _seconds(job, history) for job in jobs if job.config and job.digest not in history.done}
    known = [cost for cost in left.values() if cost is not None]
    seconds = None
    if known and len(known) == len(left):
        seconds = sum(known) + statistics.fmean(known) * (plan.total - len(jobs))
    table.show_plan(console, jobs, history.done, plan.total, seconds, plan.launcher.places)


def _foreseen(plan: Plan, history: History) -> list[Job]:
    # Up to the first batch that holds a run without a known end: what comes after it depends on that end.
    batches = plan.sweeper.batches()
    proposals = next(batches)
    standing, points = Standing(plan.settings), 0
    while True:
        jobs = plan.jobs(proposals, points)
        points += len(proposals)
        for job in jobs:
            standing.jobs[job.number] = job
            if job.config is None:
                standing.put(Row(job.number, REFUSED, reason=job.faults[0]), job)
            elif job.digest in history.done:
                standing.put(history.done[job.digest], job)
        if any(job.number not in standing.rows for job in jobs):
            break
        try:
            proposals = batches.send(standing.told(jobs))
        except StopIteration:
            break
    return list(standing.jobs.values())


def _seconds(job: Job, history: History) -> float | None:
    assert job.config is not None
    trainer, pair = job.config.trainer, (job.config.model["name"], job.config.benchmark["name"])
    each = history.seconds_per_evaluation.get(pair)
    evaluations = trainer.get("population_size", 0) * trainer.get("max_generations", 0)
    return statistics.fmean(each) * evaluations if each and evaluations else None
