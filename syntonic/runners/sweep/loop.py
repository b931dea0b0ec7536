"""A sweep: batches of points, each skipped if it is known, run where the launcher says, and told to the sweeper.

Every end is an orderly one: the runs under way write a checkpoint, the sweep's own entry is closed with its true
status, and the same command again does the rest.
"""

import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from hydra.core.config_loader import ConfigLoader

from syntonic.core import registry
from syntonic.core.status import Status
from syntonic.runners.config.compose import Composition
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.own.registered import registered
from syntonic.runners.own.source import Source
from syntonic.runners.run import open_dashboard, signals
from syntonic.runners.run.figures import counted
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.runners.sweep import record, report, table
from syntonic.runners.sweep.dry_run import rehearse
from syntonic.runners.sweep.folder import SweepFacts, SweepFolder
from syntonic.runners.sweep.history import History, look_back
from syntonic.runners.sweep.parent import Parent
from syntonic.runners.sweep.plan import Plan
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.results import RunResult, RunSpec
from syntonic.runners.sweep.state import SweepState
from syntonic.tracking.base import Receipt

_BY_TEST: Final = (
    "points are compared by test_loss: there is no validation data, so the best of them is chosen by the test; "
    "benchmark.validation=0.2 holds some back where a benchmark has the key"
)


def sweep(
    loader: ConfigLoader,
    name: str,
    overrides: Sequence[str],
    composition: Composition,
    console: Output,
    resumed: str | None = None,
    own: Sequence[Source] = (),
    told: Callable[[SweepState, str], None] | None = None,
) -> int:
    """Runs every point and returns the exit code: 0 if all finished, 1 if one did not, 128 + n after signal n.

    Args:
        loader: Hydra, opened.
        name: of the experiment config.
        overrides: as typed, ranges among them.
        composition: what they came to.
        console: where progress goes.
        resumed: the id of the sweep that the overrides are meant to resume.
        own: the user's code, loaded.
        told: is told at the end how the sweep stands, and its id.

    Raises:
        RequestError: naming the faults of all points; nothing was started then.
    """
    plan = Plan(loader, name, composition, own)
    if resumed is not None and plan.id != resumed:
        if plan.former_id != resumed or record.exists(resumed):
            raise RequestError(
                [f"sweep.resume={resumed}: these overrides define a different sweep; leave out sweep.resume"]
            )
        plan.id = resumed
    if plan.settings.dry_run:
        history = _known(plan, ask=True)
        rehearse(plan, history, console)
        if history.problem:
            console.print(_unknown(history), markup=False, soft_wrap=True)
        return 0
    with signals.watched() as stop:
        under_way = _Sweep(plan, name, overrides, console, stop)
        code = under_way.carry_out()
        if told is not None:
            told(under_way.state, plan.id)
        return code


class _Sweep:
    # A sweep under way.

    def __init__(self, plan: Plan, name: str, overrides: Sequence[str], console: Output, stop: signals.Stop) -> None:
        self._plan, self._name, self._overrides, self._console, self._stop = plan, name, overrides, console, stop
        self.state = SweepState(plan.settings)
        self._logarithmic = [dimension.key for dimension in plan.request.space if dimension.log]
        self._history = _known(plan, ask=False)
        for fault in self._history.passed_over:
            console.print(fault, markup=False, soft_wrap=True)
        self._asked_the_tracker = False
        self._folder: SweepFolder | None = None
        self._parent: Parent | None = None
        self._killed = 0  # the exit code of a run that was ended with its sweep

    def carry_out(self) -> int:
        """Goes through the sweep and closes it."""
        total = self._plan.total
        self._console.print(f"sweep {self._plan.id}: {counted(total, 'run')}", markup=False)
        if self._plan.by_test_data:
            self._console.print(_BY_TEST, markup=False, soft_wrap=True)
        status = Status.FAILED
        try:
            self._batches()
            status = Status.KILLED if self._exit_by_signal() else Status.FINISHED
            if self._too_many_failures():
                status = Status.FAILED
        except KeyboardInterrupt:
            status = Status.KILLED
            raise
        finally:
            self._close(status)
        return self._exit_by_signal() or int(bool(self.state.failures or self.state.left))

    def _batches(self) -> None:
        batches = self._plan.sweeper.batches()
        proposals = next(batches)
        points = 0
        while True:
            jobs = self._plan.jobs(proposals, points)
            points += len(proposals)
            self.state.jobs |= {job.number: job for job in jobs}
            if pending := self._settled(jobs):
                self._launch(pending)
                self._twins(jobs)
            if self._stopped() or any(job.number in self.state.left for job in jobs):
                return
            try:
                proposals = batches.send(self.state.told(jobs))
            except StopIteration:
                return

    def _settled(self, jobs: Sequence[Job]) -> list[Job]:
        # Gives results to what need not be run, and returns the rest; of equal configs only the first.
        if not self._asked_the_tracker and any(job.config and job.digest not in self._history.done for job in jobs):
            self._asked_the_tracker = True
            self._history = _known(self._plan, ask=True)
            if self._history.problem:
                self._console.print(_unknown(self._history), markup=False, soft_wrap=True)
        pending: dict[str, Job] = {}
        for job in jobs:
            if job.config is None:
                self.state.put(RunResult(job.number, Status.REFUSED, reason=job.faults[0]), job)
            elif job.digest in self._history.done:
                self.state.put(self._history.done[job.digest], job)
            else:
                pending.setdefault(job.digest, job)
        return sorted(pending.values(), key=lambda job: job.digest in self._history.failed)  # what may work comes first

    def _twins(self, jobs: Sequence[Job]) -> None:
        results = {self.state.jobs[number].digest: result for number, result in self.state.results.items()}
        for job in jobs:
            if job.number not in self.state.results and job.digest in results:
                self.state.put(replace(results[job.digest], reused=True), job)
            if (result := self.state.results.get(job.number)) and result.status == Status.FINISHED:
                self._history.done[job.digest] = replace(result, reused=True)

    def _launch(self, pending: Sequence[Job]) -> None:
        folder, parent = self._begun()
        entry = parent.id(self._stopped)
        if self._stopped():
            return
        specs = [self._spec(job, folder, entry) for job in pending]
        launcher, console = self._plan.launcher, self._console
        jobs = {job.number: job for job in pending}
        other = sum(job.digest in self._history.other_core for job in pending)
        if other:
            console.print(f"{other} of them have finished with another build of the core; they are run again")
        record.save(folder, self.state, self._logarithmic)  # for reports while it is going, and if this process dies
        with table.Watch(console, folder, self.state, pending, self._plan.total, live=launcher.away) as watch:
            for result in launcher.run(specs, folder, console, self._stopped):
                if not result.run_id and (result.status == Status.KILLED or self._stop):  # the end came before it began
                    continue
                self.state.put(result, jobs[result.number])
                if result.status == Status.KILLED and not launcher.away:
                    self._killed = result.exit_code
                if launcher.away:
                    watch.ended(jobs[result.number], result)

    def _begun(self) -> tuple[SweepFolder, Parent]:
        # The folder and the entry are made when the first run is certain.
        if self._folder is None or self._parent is None:
            base = self._plan.base
            keys = ", ".join(dimension.key for dimension in self._plan.request.space) or "seeds"
            subject = str(base["name"]).removesuffix(f"-s{base['seed']}")
            title = f"{subject}: sweep over {keys}"
            first = next((job.config for job in self.state.jobs.values() if job.config), None)
            own = [*self._plan.own, *(registered(first) if first else [])]
            used = [source.record() for source in own]
            facts = SweepFacts(self._plan.id, title[:200], self._name, list(self._overrides), time.time(), uses=used)
            self._folder = SweepFolder.take(facts, own)
            if not self._plan.settings.skip_finished:
                self._folder.forget_rungs()
            space = {d.key: " ".join(d.overrides) or f"{d.low:g} to {d.high:g}" for d in self._plan.request.space}
            self._parent = Parent(self._folder, base, space)
            self._parent.open()
        return self._folder, self._parent

    def _spec(self, job: Job, folder: SweepFolder, entry: str) -> RunSpec:
        assert isinstance(job.config, RunConfig)
        begun = self._history.begun.get(job.digest)
        return RunSpec(
            number=job.number,
            config=job.config.plain(),
            config_name=self._name,
            overrides=list(job.overrides),
            sweep={"id": self._plan.id, "point": job.text, "parent": entry},
            folder=str(folder.path.resolve()),
            resume=str(begun) if begun else None,
            prune=self._plan.settings.prune,
            cwd=str(Path.cwd()),
            home=str(home().resolve()),
            host=platform.node(),
            modules=registry.modules(),
            path=[entry for entry in sys.path if entry],
            digest=job.digest,
            uses=[asdict(source) for source in [*self._plan.own, *registered(job.config)]],
        )

    def _stopped(self) -> bool:
        return bool(self._stop) or bool(self._killed) or self._too_many_failures()

    def _exit_by_signal(self) -> int:
        return self._stop.exit_code or self._killed

    def _too_many_failures(self) -> bool:
        allowed = self._plan.settings.allowed_failures
        return allowed is not None and len(self.state.failures) > allowed

    def _close(self, status: Status) -> None:
        console, state = self._console, self.state
        table.show(console, state)
        failed = [f"failed: {state.jobs[number].text}: {cause}" for number, cause in state.failures.items()]
        for line in dict.fromkeys(failed):  # a point that is there twice fails once
            console.fail(line)
        if self._folder is None or self._parent is None:
            if not state.left:
                console.print("nothing was left to run: every run of this sweep has ended before", markup=False)
            return
        record.save(self._folder, state, self._logarithmic)
        html = report.html(self._folder.facts.title, state, self._logarithmic)
        path = self._folder.path / report.FILE
        problems = []
        try:
            report.write(path, html)
        except OSError as error:
            problems.append(f"the report could not be written: {error}")
        best = state.best()
        results = {f"best_{state.settings.chosen}": best.mean} if best else {}
        figures = {**results, "failed_runs": float(len(state.failures)), "runs": float(state.ended)}
        note = report.note(self._folder.facts.title, state)
        receipt = self._parent.close(status, figures, note, {report.FILE: html}, self._folder.path / "logs")
        try:
            self._folder.update(status=status)
        except OSError as error:
            problems.append(f"{self._folder.path} does not say how the sweep ended: {error}")
        self._folder.release()
        self._say_where(path, receipt, [*problems, *receipt.problems])

    def _say_where(self, path: Path, receipt: Receipt, problems: Sequence[str]) -> None:
        lines = [("recorded", f"run {receipt.run_id} in {receipt.store}"), ("report", str(path))]
        id, stored_as = self._plan.id, receipt.run_id if receipt.run_id != self._plan.id else None
        if page := open_dashboard.page(home(), id, stored_as, receipt.store, served=receipt.served):
            lines.append(("dashboard", page))
        if self._too_many_failures():
            failures = counted(len(self.state.failures), "failure")
            lines.append(("stopped", f"after {failures}, by sweep.on_failure={self._plan.settings.on_failure}"))
        if self.state.left or self._stop or self._killed:
            left = counted(self._plan.total - self.state.ended, "run")
            lines.append(("resume", f"{left} left: re-run the same command, or `syntonic-run sweep.resume=last`"))
        elif self.state.can_fail_again:
            lines.append(("retry", "re-run the same command to retry what has failed, and nothing else"))
        for key, value in lines:
            self._console.print(f"  {key:<10} {value}", markup=False, soft_wrap=True)
        for problem in problems:
            self._console.fail(f"  {'warning':<10} {problem}")


def _known(plan: Plan, *, ask: bool) -> History:
    history = look_back(plan.id, plan.base["tracking"] if ask else None)
    return history if plan.settings.skip_finished else replace(history, done={})


def _unknown(history: History) -> str:
    return f"warning: what finished elsewhere is not known, {history.problem}"
