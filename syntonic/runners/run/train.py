"""Trains: the one loop of the program, and what surrounds it so that no end of it loses anything."""

import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from syntonic.benchmarks.standards import Held
from syntonic.nn.training.callbacks import Escaping, Request
from syntonic.runners.config.run_config import RunConfig, flattened
from syntonic.runners.run import progress
from syntonic.runners.run.build import Parts
from syntonic.runners.run.folder import RunFolder, home
from syntonic.runners.run.profile import profiled
from syntonic.runners.run.saver import Saver
from syntonic.runners.run.signals import Stop, watched
from syntonic.runners.run.summary import Outcome
from syntonic.tracking import provenance
from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.checkpoint import Checkpoint
from syntonic.tracking.guard import Guarded

PRUNED: Final = "pruned"  # the reason of a run that was given up as hopeless


@dataclass
class _Standing:
    """How the run stands, kept up to date by the loop."""

    generation: int
    status: Status = Status.FINISHED
    reason: str = ""
    failure: str = ""


def train(
    config: RunConfig,
    parts: Parts,
    folder: RunFolder,
    console: Console,
    *,
    checkpoint: Checkpoint | None = None,
    resumed: bool = False,
) -> Outcome:
    """Runs a training to its end, to a signal, or to its failure, and records which of them it was.

    Args:
        config: of the run.
        parts: what `build` made of it, in the state of `checkpoint`.
        folder: of the run, already taken.
        console: where progress goes.
        checkpoint: what the run goes on from; None: the beginning.
        resumed: whether the run was started before.
    """
    standing = _Standing(checkpoint.generation if checkpoint else 0)
    tracker = Guarded(parts.tracker)
    started, evaluations = time.perf_counter(), parts.trainer.evaluations
    with watched() as stop:
        tracker.start(_run(config, folder, console, resumed=resumed))
        saver = Saver(folder, parts, tracker)
        total = int(config.trainer.get("max_generations", 0))
        view = progress.view(console, total, standing.generation)
        results: dict[str, float] = {}
        try:
            if checkpoint is None or not checkpoint.ended:
                with profiled(config.profile, console, parts, tracker, saver, view) as seen:
                    _loop(*seen, standing, stop, total)
            if standing.generation > 0:
                saver.save(standing.generation, ended=standing.status is Status.FINISHED, last=True)
            if standing.status is Status.FINISHED:
                results = dict(parts.benchmark.evaluate(parts.model))
                saver.keep_model(config)
        except Exception as error:
            standing.status = Status.FAILED
            standing.reason = f"{type(error).__name__}: {error}"
            standing.failure = traceback.format_exc()
        finally:
            view.close()
        seconds = time.perf_counter() - started
        receipt = tracker.finish(_ending(standing, results))
        saver.conclude(
            standing.failure,
            status=standing.status,
            generation=standing.generation,
            tracked_as=receipt.run_id if receipt.run_id != folder.facts.id else folder.facts.tracked_as,
            results=results,
            reason=standing.reason,
            seconds=seconds,
            evaluations=parts.trainer.evaluations - evaluations,
            core=provenance.core_digest(),
        )
    return Outcome(
        title=config.name,
        status=standing.status,
        generation=standing.generation,
        total=total,
        seconds=seconds,
        evaluations=parts.trainer.evaluations - evaluations,
        receipt=replace(receipt, problems=[*saver.problems, *receipt.problems]),
        folder=folder.path,
        results=results,
        held=Held.of(parts.benchmark) if results else Held(),
        reason=standing.reason,
        exit_code={Status.FAILED: 1, Status.KILLED: stop.exit_code}.get(standing.status, 0),
    )


def _loop(
    parts: Parts,
    tracker: Guarded,
    saver: Saver,
    view: progress.View,
    standing: _Standing,
    stop: Stop,
    total: int,
) -> None:
    for record in parts.trainer.run(parts.model, parts.benchmark):
        tracker.log(record)
        standing.generation = record.generation
        metrics = record.metrics()
        view.show(record.generation, metrics)
        wish = _asked(parts, record.generation, metrics)
        if Request.STOP in wish:
            standing.reason = "early stop"
            return
        if stop:
            break
        if Request.ABANDON in wish:
            standing.status, standing.reason = Status.KILLED, PRUNED
            return
        if Request.CHECKPOINT in wish and record.generation != total:  # the last one is written in any case
            saver.save(record.generation)
    if stop:
        standing.status = Status.KILLED
        standing.reason = f"by {stop.signal.name}" if stop.signal else ""


def _asked(parts: Parts, generation: int, metrics: Mapping[str, float]) -> Request:
    wish = Request.NOTHING
    for callback in parts.callbacks.values():
        answer = callback.after(generation, metrics)
        if Request.ESCAPE in answer and isinstance(callback, Escaping):
            callback.escape(parts.trainer)
        wish |= answer
    return wish


def _ending(standing: _Standing, results: Mapping[str, float]) -> Ending:
    texts = {"traceback.txt": standing.failure} if standing.failure else {}
    tags = {"reason": standing.reason} if standing.reason else {}
    return Ending(standing.status, standing.generation, results, texts=texts, tags=tags)


def _run(config: RunConfig, folder: RunFolder, console: Console, *, resumed: bool) -> Run:
    plain = config.plain()
    of_sweep = folder.facts.sweep or {}
    versions = provenance.versions()
    return Run(
        id=folder.facts.id,
        title=config.name,
        folder=folder.path,
        home=home(),
        config=plain,
        params={key: str(value) for key, value in flattened(plain)},
        tags={
            "config_hash": config.digest(),
            "core_sha256": versions["core_sha256"],
            "version": versions["syntonic"],
            "device": config.device,
            "seed": str(config.seed),
            "command": " ".join(["syntonic-run", *sys.argv[1:]]),
            **({"sweep": of_sweep["id"], "sweep.point": of_sweep["point"]} if of_sweep else {}),
        },
        started=folder.facts.started,
        resumed=resumed,
        tracked_as=folder.facts.tracked_as,
        parent=of_sweep.get("parent") or None,
        say=lambda line: console.print(line, markup=False, soft_wrap=True),
    )
