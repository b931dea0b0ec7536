"""One run of a sweep: carried out here, or on behalf of a sweep in another process."""

import contextlib
import importlib
import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from syntonic.core.status import Status
from syntonic.runners.config import schema
from syntonic.runners.config.errors import RequestError
from syntonic.runners.own.loading import load
from syntonic.runners.own.source import Source
from syntonic.runners.run import folder as run_folder
from syntonic.runners.run import signals
from syntonic.runners.run.life import resume, start
from syntonic.runners.run.progress import Output
from syntonic.runners.run.record import given_up
from syntonic.runners.run.streams import Lenient
from syntonic.runners.sweep import folder as sweep_folder
from syntonic.runners.sweep.prune import Pruning
from syntonic.runners.sweep.results import RunResult, RunSpec

_INTERVAL: Final = 0.1  # seconds between two looks for the request to stop
_GRACE: Final = 50.0  # seconds that the run then has to write its checkpoint; the launchers wait a little longer


def execute(spec: RunSpec, console: Console) -> RunResult:
    """Runs one point to its end, in this process."""
    try:
        config = schema.check(spec.config)
        pruning = None
        if spec.prune is not None:
            rungs, generations = Path(spec.folder) / "rungs", int(config.trainer.get("max_generations", 0))
            pruning = Pruning(rungs, spec.number, spec.prune, generations)
        watchers = {"pruning": pruning} if pruning else {}
        own = [Source(**each) for each in spec.uses]
        if spec.resume is not None:
            record = resume(run_folder.read(Path(spec.resume)), config, console, watchers, own)
        else:
            asked = (config, spec.config_name, spec.overrides, console)
            record = start(*asked, sweep=spec.sweep, watchers=watchers, own=own)
    except RequestError as error:
        console.print(error.report(), markup=False, soft_wrap=True)
        return RunResult(spec.number, Status.REFUSED, reason=error.faults[0], exit_code=2)
    except Exception as error:  # one point's failure, whatever it is, must not end the others
        console.print(traceback.format_exc(), markup=False, soft_wrap=True)
        return RunResult.failed(spec.number, f"{type(error).__name__}: {error}")
    if pruning is not None and pruning.given_up is not None:
        record = replace(record, pruned=pruning.given_up, reason=given_up(pruning.given_up[0]))
        record.write()
    return RunResult.of(record, spec.number)


def execute_away(plain: dict[str, Any]) -> dict[str, Any]:
    """Runs one point on behalf of a sweep in another process.

    The output goes to the point's log, and the working folder is the sweep's. The run ends with a checkpoint when the
    sweep's folder holds the request to stop, or when the process of the sweep is gone; if it cannot in time, its
    process is killed.

    Args:
        plain: a `RunSpec` as a mapping.

    Returns:
        A `RunResult` as a mapping.
    """
    spec = RunSpec(**plain)
    # Ctrl-C reaches every process of a terminal; who answers it is the run, and between runs the sweep. It is not
    # ignored, for what is ignored the run ignores too.
    if threading.current_thread() is threading.main_thread() and signal.SIGINT in signals.heeded():
        signal.signal(signal.SIGINT, lambda number, frame: None)
    os.environ["SYNTONIC_HOME"] = spec.home
    sys.path += [entry for entry in spec.path if entry not in sys.path]
    load([Source(**each) for each in spec.uses])
    for module in spec.modules:
        importlib.import_module(module)
    folder = Path(spec.folder)
    if _must_end(spec):
        return asdict(RunResult(spec.number, Status.KILLED, reason="not started", exit_code=128 + signal.SIGTERM))
    place = contextlib.chdir(spec.cwd) if Path(spec.cwd).is_dir() else contextlib.nullcontext()
    with place, _output_to(folder / "logs" / f"{spec.number:04}.log"), _ended_with(spec):
        result = execute(spec, Output())
    return asdict(
        replace(result, reason="with its sweep") if result.status == Status.KILLED and _must_end(spec) else result
    )


def _must_end(spec: RunSpec) -> bool:
    # Locks of another machine cannot be relied on; there a run without its sweep continues to its end.
    folder = Path(spec.folder)
    here = spec.host == platform.node()
    return sweep_folder.stop_sign(folder).exists() or (here and sweep_folder.abandoned(folder))


@contextlib.contextmanager
def _ended_with(spec: RunSpec) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_INTERVAL):
            if _must_end(spec):
                signals.ask(signal.SIGTERM)
                if not over.wait(_GRACE):  # a generation of minutes; the launchers have stopped waiting
                    os.kill(os.getpid(), signal.SIGKILL)
                return

    thread = threading.Thread(target=watch, name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signals.ask(None)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    # The descriptors themselves, so that what a library in another language writes is in the log as well.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        Lenient(stream).flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            Lenient(stream).flush()  # a full disk is no reason for a run to fail
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
