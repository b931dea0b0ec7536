"""What a run reads besides its config: data, and code that is not the package's; both decide its numbers."""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.own.loading import is_loaded
from syntonic.runners.own.registered import modules_of
from syntonic.runners.own.source import Source, digests
from syntonic.runners.run import initial

Inputs = Mapping[str, str]
"""The SHA-256 of everything that was read, by the name of the file or the module."""


def of_benchmark(config: RunConfig, benchmark: object, own: Sequence[Source] = ()) -> dict[str, str]:
    """Returns what a run reads whose benchmark is built: what that has read, and the source of its own classes.

    Args:
        config: of the run.
        benchmark: which is built.
        own: the code that `--use` has loaded; all of it counts, since one file may use another.
    """
    return {**_data(config, benchmark), **_parameters(config), **dict(_sources(config)), **digests(own)}


class Reader:
    """Finds what configs read, once for benchmarks that differ in their seed alone: a sweep has thousands of them.

    Args:
        own: the code that `--use` has loaded.
    """

    def __init__(self, own: Sequence[Source] = ()) -> None:
        self._own = digests(own)
        self._known: dict[str, dict[str, str]] = {}
        self._compared: set[str] = set()

    def of(self, config: RunConfig) -> dict[str, str]:
        """Returns what a run of this config would read; nothing of a benchmark that refuses its arguments."""
        from syntonic.runners.run.build import make

        key = json.dumps([config.benchmark, config.init_from], sort_keys=True)
        if key not in self._known:
            try:
                built = make("benchmark", config.benchmark, config.seed)
            except RequestError:
                return {**dict(_sources(config)), **self._own}  # the run itself says what is wrong
            by = "validation_loss" if getattr(built, "validated", ()) else "test_loss"
            self._compared.add(getattr(built, "compared_by", by))
            try:
                self._known[key] = {**_data(config, built), **_parameters(config)}
            except RequestError:
                self._known[key] = {}  # so it does of what it would begin with
        return {**self._known[key], **dict(_sources(config)), **self._own}

    @property
    def compared_by(self) -> str:
        """The result by which runs on the benchmarks that were asked about can be compared: validation data first."""
        return next(iter(self._compared)) if len(self._compared) == 1 else "test_loss"


def refuse_changes(then: Inputs, now: Inputs, run: str) -> None:
    """Compares what a run has read with what it would read now; a run of an earlier version does not say.

    Raises:
        RequestError: naming every file and module that is another than it was.
    """
    faults = [
        f"{name} has changed since run {run} was started, or is not read any more; "
        "put it back to resume, or leave out resume= for a new run"
        for name, digest in then.items()
        if now.get(name) != digest
    ]
    if faults:
        raise RequestError(faults)


def _data(config: RunConfig, benchmark: object) -> dict[str, str]:
    digest = getattr(benchmark, "data_digest", lambda: None)()
    name = getattr(benchmark, "data_name", "") or f"the data of benchmark {config.benchmark['name']}"
    return {name: digest} if digest else {}


def _parameters(config: RunConfig) -> dict[str, str]:
    return {} if config.init_from is None else initial.digest(config.init_from)


def _sources(config: RunConfig) -> Iterator[tuple[str, str]]:
    for module in modules_of(config):
        file = getattr(sys.modules.get(module), "__file__", None)
        if (
            not is_loaded(module) and file and Path(file).is_file()
        ):  # the text of a loaded one may be older than the file
            yield Path(file).name, hashlib.sha256(Path(file).read_bytes()).hexdigest()
