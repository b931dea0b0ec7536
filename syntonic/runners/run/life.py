"""The life of one run, top to bottom: build its parts, take a folder, train, record how it ended, print the result.

Benchmark, model, trainer and tracker know nothing of one another; this file alone knows all of them.
"""

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isnan
from typing import Final

from rich.console import Console

from syntonic.benchmarks.standards import Held
from syntonic.nn.training.callbacks import Callback, Escaping, Request, Target
from syntonic.nn.training.callbacks.watched import Watched
from syntonic.runners.config.errors import harmless
from syntonic.runners.config.options import flattens, option_of
from syntonic.runners.config.run_config import RunConfig, flattened
from syntonic.runners.own.registered import registered
from syntonic.runners.own.source import Source
from syntonic.runners.run import inputs, outcome, progress, summary
from syntonic.runners.run.build import Parts, build, prepared
from syntonic.runners.run.folder import RunFolder, home
from syntonic.runners.run.probe import refuse_unknown_metrics
from syntonic.runners.run.profile import profiled
from syntonic.runners.run.record import RunRecord
from syntonic.runners.run.resume import restore, state
from syntonic.runners.run.saver import Saver
from syntonic.runners.run.signals import Stop, watched
from syntonic.runners.run.validation import Remembering, judged, reported
from syntonic.tracking import provenance
from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.checkpoint import Checkpoint
from syntonic.tracking.guard import Guarded

_BENCHMARK: Final = "(benchmark)"  # what a benchmark has learnt, beside what callbacks remember
_TARGETS: Final = "accuracy"  # the callback that every run has besides those of its config


def start(
    config: RunConfig,
    config_name: str,
    overrides: Sequence[str],
    console: Console,
    *,
    sweep: dict[str, str] | None = None,
    watchers: Mapping[str, Callback] | None = None,
    own: Sequence[Source] = (),
) -> RunRecord:
    """Carries out a new run and returns how it ended.

    Args:
        config: of the run, checked.
        config_name: the config that it was composed from.
        overrides: what was typed besides; both are kept, so that a resumed run can be compared.
        console: where progress goes.
        sweep: the sweep that the run is a point of, as `RunRecord` has it.
        watchers: callbacks besides those of the config, by name; they are no property of the run.
        own: the user's code, loaded, which the run keeps.

    Raises:
        RequestError: if the parts refuse the config, or the folder cannot be written.
    """
    with _built(config, watchers) as parts:
        read = inputs.of_benchmark(config, parts.benchmark, own)
        folder = RunFolder.create(
            config.name, config.plain(), config_name, list(overrides), sweep, read, [*own, *registered(config)]
        )
        try:
            _announce(console, config, folder, parts)
            record = _train(config, parts, folder, console)
        finally:
            folder.release()
    summary.show(console, record, Held.of(parts.benchmark) if record.results else Held())
    return record


def resume(
    folder: RunFolder,
    config: RunConfig,
    console: Console,
    watchers: Mapping[str, Callback] | None = None,
    own: Sequence[Source] = (),
) -> RunRecord:
    """Resumes an interrupted run at its last checkpoint and returns how it ended.

    Args:
        folder: of the run.
        config: of the run, checked.
        console: where progress goes.
        watchers: as in `start`.
        own: as in `start`.

    Raises:
        RequestError: if the run is still going, its checkpoint cannot be used, or what it reads is not what it was.
    """
    folder.take()
    try:
        found = state(folder)
        with _built(config, watchers) as parts:
            read = inputs.of_benchmark(config, parts.benchmark, own)
            inputs.refuse_changes(folder.record.inputs, read, folder.record.id)
            if found is not None:
                restore(parts, found)
            folder.update(status=Status.RUNNING, started=time.time())
            _announce(console, config, folder, parts, found.generation if found else 0)
            record = _train(config, parts, folder, console, checkpoint=found, resumed=True)
    finally:
        folder.release()
    summary.show(console, record, Held.of(parts.benchmark) if record.results else Held())
    return record


@contextmanager
def _built(config: RunConfig, watchers: Mapping[str, Callback] | None) -> Iterator[Parts]:
    # The parts of a run, which go together; the tracker has been told to get ready.
    with prepared(config) as tracker:
        parts = build(config, tracker)
        refuse_unknown_metrics(config, parts)
        _settle(config, parts)
        parts.callbacks.update({_TARGETS: Target(), **(watchers or {})})
        yield parts


def _settle(config: RunConfig, parts: Parts) -> None:
    # Callbacks that were not told what to watch choose by validation data where there is some.
    for callback in parts.callbacks.values():
        if isinstance(watched := getattr(callback, "watched", None), Watched):
            watched.choose(reported(config, parts.benchmark))
    if all(callable(getattr(parts.benchmark, name, None)) for name in ("state", "restore")):
        parts.callbacks[_BENCHMARK] = Remembering(parts.benchmark)


def _announce(console: Console, config: RunConfig, folder: RunFolder, built: Parts, after: int | None = None) -> None:
    # Says what is about to run; `after` is the generation that a resumed run begins behind.
    sections = {"model": config.model, "benchmark": config.benchmark, "trainer": config.trainer}
    parts = " / ".join(option_of(group, section) for group, section in sections.items())
    resumed = "" if after is None else f", resumed after generation {after}"
    console.print(f"{config.name}: {parts}, seed {config.seed}, {config.device}{resumed}", markup=False, soft_wrap=True)
    if flattened_axes := flattens(config.model["name"], built.benchmark):
        console.print(f"  note       {flattened_axes}", markup=False, soft_wrap=True)
    for line in getattr(built.benchmark, "describe", list)():
        console.print(f"  data       {harmless(line)}", markup=False, soft_wrap=True)
    console.print(f"run {folder.record.id} in {folder.path}", markup=False, soft_wrap=True)


def _train(
    config: RunConfig,
    parts: Parts,
    folder: RunFolder,
    console: Console,
    *,
    checkpoint: Checkpoint | None = None,
    resumed: bool = False,
) -> RunRecord:
    # To the end of the training, to a signal, or to a failure; whichever it is, nothing is lost and it is recorded.
    generation, total = checkpoint.generation if checkpoint else 0, int(config.trainer.get("max_generations", 0))
    status, reason, failure = Status.FINISHED, "", ""
    blind = folder.record.blind
    results: dict[str, float] = {}
    tracker = Guarded(parts.tracker)
    evaluations, seconds = parts.trainer.evaluations, 0.0
    with watched() as stop:
        tracker.start(_described(config, folder, console, resumed=resumed))
        saver = Saver(folder, parts, tracker)
        view = progress.view(console, total, generation, lambda: parts.trainer.evaluations)
        began = time.perf_counter()
        try:
            if checkpoint is None or not checkpoint.ended:
                with profiled(config.profile, console, parts, tracker, saver, view) as (its, log, save, display):
                    parts.trainer.should_stop = lambda: bool(stop)
                    for record in judged(config, its, its.trainer.run(its.model, its.benchmark)):
                        log(record)
                        generation, metrics = record.generation, record.metrics()
                        blind += isnan(metrics.get("mean_fitness", 0.0))
                        display(generation, metrics)
                        wish = _asked(its, generation, metrics)
                        if wish is Request.NOTHING and not stop:
                            continue
                        if end := _end(wish, stop):
                            status, reason = end
                            break
                        if Request.CHECKPOINT in wish and generation != total:  # the last one is written in any case
                            save(generation)
                    else:  # a trainer that was stopped within a generation ends without a record of it
                        if generation < total and (end := _end(Request.NOTHING, stop)):
                            status, reason = end
            seconds = time.perf_counter() - began
            view.close()  # with the figures of the training alone
            if generation > 0:
                saver.save(generation, ended=status is Status.FINISHED, last=True)
            if status is Status.FINISHED:
                results = {**parts.benchmark.evaluate(parts.model), **_noted(parts)}
                saver.keep_model(config)
                saver.keep_analysis(generation)
        except Exception as error:
            status, reason, failure = Status.FAILED, f"{type(error).__name__}: {error}", traceback.format_exc()
        finally:
            view.close()
        seconds = seconds or time.perf_counter() - began
        evaluations = parts.trainer.evaluations - evaluations
        found = saver.keep_outcome(
            lambda: outcome.gather(config, parts, folder.record, seconds, evaluations, ended=bool(results))
        )
        ending = _ending(status, generation, results, reason, failure)
        receipt = tracker.finish(replace(ending, note=outcome.note(config, ending, found)))
        saver.conclude(
            failure,
            status=status,
            generation=generation,
            tracked_as=receipt.run_id if receipt.run_id != folder.record.id else folder.record.tracked_as,
            results=results,
            reason=reason,
            seconds=seconds,
            evaluations=evaluations,
            blind=blind,
            core=provenance.core_digest(),
        )
    return replace(
        folder.record,
        store=receipt.store,
        dashboard=receipt.served,
        problems=[*getattr(parts.benchmark, "problems", list)(), *saver.problems, *receipt.problems],
    )


def _asked(parts: Parts, generation: int, metrics: Mapping[str, float]) -> Request:
    wish = Request.NOTHING
    for callback in parts.callbacks.values():
        answer = callback.after(generation, metrics)
        if answer is Request.NOTHING:
            continue
        if Request.ESCAPE in answer and isinstance(callback, Escaping):
            callback.escape(parts.trainer)
        wish |= answer
    return wish


def _noted(parts: Parts) -> dict[str, float]:
    # What callbacks add to the results, such as when a target was reached.
    found: dict[str, float] = {}
    for callback in parts.callbacks.values():
        found |= getattr(callback, "results", dict)()
    return found


def _end(wish: Request, stop: Stop) -> tuple[Status, str] | None:
    # Whether the run ends here, before its last generation, and why.
    if Request.STOP in wish:
        return Status.FINISHED, "early stop"
    if stop:
        return Status.KILLED, f"by {stop.signal.name}" if stop.signal else ""
    return (Status.PRUNED, "pruned") if Request.ABANDON in wish else None


def _ending(status: Status, generation: int, results: Mapping[str, float], reason: str, failure: str) -> Ending:
    told = Status.KILLED if status is Status.PRUNED else status  # a tracking store knows no other word for it
    texts = {"traceback.txt": failure} if failure else {}
    return Ending(told, generation, results, texts=texts, tags={"reason": reason} if reason else {})


def _described(config: RunConfig, folder: RunFolder, console: Console, *, resumed: bool) -> Run:
    plain = config.plain()
    of_sweep = folder.record.sweep or {}
    versions = provenance.versions()
    return Run(
        id=folder.record.id,
        title=config.name,
        folder=folder.path,
        home=home(),
        config=plain,
        params={key: str(value) for key, value in flattened(plain)},
        tags={
            "config_hash": config.digest(folder.record.inputs),
            "core_sha256": versions["core_sha256"],
            "version": versions["syntonic"],
            "device": config.device,
            "seed": str(config.seed),
            **(
                {"inputs": "; ".join(f"{k} {v}" for k, v in folder.record.inputs.items())}
                if folder.record.inputs
                else {}
            ),
            "command": outcome.command(folder.record),
            **({"sweep": of_sweep["id"], "sweep.point": of_sweep["point"]} if of_sweep else {}),
        },
        inputs={name: digest for name, digest in folder.record.inputs.items() if not name.endswith(".py")},
        started=folder.record.started,
        resumed=resumed,
        tracked_as=folder.record.tracked_as,
        parent=of_sweep.get("parent") or None,
        say=lambda line: console.print(line, markup=False, soft_wrap=True),
    )
