"""`syntonic-run doctor`: what is installed, which device, which store, and what is wrong."""

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from syntonic import _core
from syntonic.runners.command.options import read
from syntonic.runners.config.errors import harmless
from syntonic.runners.run import listing
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.tracking import provenance, uploader
from syntonic.tracking.base import Status
from syntonic.tracking.gpus import gpus
from syntonic.tracking.spool import Spool, SpoolError
from syntonic.tracking.stores import sqlite

HELP: Final = """\
syntonic-run doctor: what is installed, which device runs would use, where they are kept, and what is wrong.

It changes one thing: runs whose process is gone, and which still look as if they were running, become KILLED.
Exit code: 0 if all is well, 1 if a line begins with `!`."""

_NEEDED: Final = (
    "mlflow-skinny",
    "sqlalchemy",
    "alembic",
    "hydra-core",
    "omegaconf",
    "pydantic",
    "rich",
    "safetensors",
    "numpy",
)
_EXTRAS: Final = ("mlflow", "scikit-learn", "matplotlib", "submitit", "ray", "nvidia-cuda-nvrtc", "nvidia-cublas")
_LITTLE: Final = 1 << 30  # bytes of free disk below which a run may not fit


def run(argv: Sequence[str]) -> int:
    """Prints what was found and returns the exit code."""
    read("doctor", argv)
    console, problems = Output(), 0
    for heading, lines in (
        ("installed", _installed()),
        ("device", _device()),
        ("files", _files()),
        ("store", _store()),
        ("runs", _runs()),
    ):
        for line in lines:
            problems += line.startswith("!")
            console.print(f"{heading:<10} {harmless(line)}", markup=False, soft_wrap=True)
            heading = ""
    console.print("all is well" if not problems else f"{problems} problem{'s' * (problems > 1)}", markup=False)
    return int(problems > 0)


def _installed() -> Iterator[str]:
    versions = provenance.versions()
    yield f"syntonic {versions['syntonic']}, core {versions['core_sha256'][:12]}, Python {versions['python']}"
    for name in _NEEDED:
        version = _version(name)
        yield f"{name} {version}" if version else f"! {name} is not installed; install syntonic again"
    extras = [f"{name} {_version(name) or '-'}" for name in _EXTRAS]
    yield f"extras: {', '.join(extras)}"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _device() -> Iterator[str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield f"cpu: {platform.machine()}, {cores} cores that this process may use"
    if cards := gpus():
        yield ", driver ".join(cards.tags().values()) or "no GPU, though there is a driver"
    reason = _core.cuda_reason()
    yield f"cuda: no, {reason}" if reason else f"cuda: {_core.cuda_device_count()} devices, for runs with device=cuda"


def _files() -> Iterator[str]:
    root = home().resolve()
    place = next(path for path in (root, *root.parents) if path.exists())
    yield f"{root}{'' if root == place else ', not there yet'}"
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        yield f"! nothing can be written there ({error.strerror}); set SYNTONIC_HOME to a folder that can"
    free = shutil.disk_usage(place).free
    mark = "! " if free < _LITTLE else ""
    yield f"{mark}{free / (1 << 30):.1f} GB free"


def _store() -> Iterator[str]:
    path = home().resolve() / "mlflow.db"
    if not path.exists():
        yield "none yet; the first run makes one"
        return
    yield f"sqlite:///{path}, {path.stat().st_size / (1 << 20):.1f} MB"
    try:
        if not sqlite.known(path):
            yield "its tables are not those of MLflow 3.17: MLflow's own client writes to it, which is slower"
        found = sqlite.Database(path)
        ((runs,),) = found.rows("SELECT COUNT(*) FROM runs")
        ((mode,),) = found.rows("PRAGMA journal_mode")
        ((sound,),) = found.rows("PRAGMA quick_check(1)")
        found.close()
        yield f"{runs} runs, journal mode {mode}"
        if sound != "ok":
            yield f"! it is damaged ({sound}); move it away, and `syntonic-run sync --to` fills another one"
    except (sqlite3.Error, ValueError) as error:
        yield f"! it cannot be read ({error})"


def _runs() -> Iterator[str]:
    folders, faults = listing.survey()
    counts = {status: sum(folder.record.status is status for folder in folders) for status in Status}
    yield ", ".join(f"{count} {status.lower()}" for status, count in counts.items() if count) or "none yet"
    for fault in faults:
        yield f"! {fault}"
    for folder in folders:
        try:
            Spool(folder.path).read_request()
        except SpoolError as error:
            yield f"! {error}"
    going = {folder.record.id for folder in folders if folder.record.status is Status.RUNNING}
    waiting: list[Path] = [
        spool.run_folder for spool in uploader.not_uploaded(home()) if spool.run_folder.name not in going
    ]
    if waiting:
        yield f"! not in their store yet: {len(waiting)} of the runs; `syntonic-run sync` sends them"
