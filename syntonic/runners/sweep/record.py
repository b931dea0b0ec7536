"""What is known of a sweep, kept in its folder as `points.json`, so that its report can be made at any time.

What a run has come to since, or before the sweep's process was killed, is read from the folders of the runs.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from syntonic.core.status import Status
from syntonic.runners.config.compose import compose
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.search_path import opened, user_folders
from syntonic.runners.run.folder import home
from syntonic.runners.run.listing import known
from syntonic.runners.run.record import RunRecord
from syntonic.runners.sweep import settings as sweep_settings
from syntonic.runners.sweep.folder import SweepFacts, SweepFolder
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.results import RunResult
from syntonic.runners.sweep.settings import Settings
from syntonic.runners.sweep.state import SweepState
from syntonic.tracking import plain

FILE: Final = "points.json"
_FORMAT: Final = 1
_LARGEST: Final = 1e300  # number that can be drawn on an axis


@dataclass(frozen=True)
class _Point:
    # A job without its config, which the folder of its run holds.
    number: int
    point: int
    text: str
    values: dict[str, Any]
    digest: str


@dataclass(frozen=True)
class _Points:
    metric: str
    mode: str | None
    logarithmic: list[str]
    jobs: list[_Point]
    results: list[RunResult]


def exists(sweep: str) -> bool:
    """Returns whether the sweep with this id has such a file; those of earlier versions have none."""
    return (home() / "sweeps" / sweep / FILE).exists()


def save(folder: SweepFolder, state: SweepState, logarithmic: Sequence[str]) -> None:
    """Writes down which runs there are and what became of them; a disk that refuses it ends no sweep.

    Args:
        folder: of the sweep.
        state: of the sweep.
        logarithmic: swept keys whose interval is even in the logarithm.
    """
    jobs = [_Point(job.number, job.point, job.text, job.values, job.digest) for job in state.jobs.values()]
    settings = state.settings
    found = _Points(settings.chosen, settings.mode, list(logarithmic), jobs, list(state.results.values()))
    with contextlib.suppress(OSError):
        plain.write_json(folder.path / FILE, {"format": _FORMAT, **asdict(found)})


def load(folder: SweepFolder, warn: Callable[[str], None]) -> tuple[SweepState, list[str]]:
    """Returns how a sweep stands, and which of its keys are logarithmic.

    Args:
        folder: of the sweep.
        warn: is told of each folder of a run that cannot be read.

    Raises:
        RequestError: if what is there cannot be used.
    """
    path = folder.path / FILE
    runs = _runs_of(folder.facts.id, warn)
    try:
        found = plain.read(path, _Points, _FORMAT)
    except FileNotFoundError:  # of a version that wrote none
        state, logarithmic = _from_runs(folder.facts, runs), []
    except ValueError as error:
        raise RequestError([f"{path} cannot be used: {error}; move it away, and the runs' folders are read"]) from error
    else:
        settings = sweep_settings.checked({"metric": found.metric, "mode": found.mode})
        jobs = {each.number: _job(each) for each in found.jobs if each.values.keys() == found.jobs[0].values.keys()}
        state = SweepState(settings, jobs, {result.number: result for result in found.results if result.number in jobs})
        logarithmic = found.logarithmic
    named = {facts.sweep["point"]: facts for facts in runs if facts.sweep}
    for number, job in state.jobs.items():
        before = state.results.get(number)
        facts = named.get(job.text)
        if facts is not None and facts.status is not Status.RUNNING and (before is None or _may_change(before)):
            state.put(RunResult.of(facts), job)
    return state, logarithmic


def _job(found: _Point) -> Job:
    values = {key: value if _is_plain(value) else str(value) for key, value in found.values.items()}
    return Job(found.number, found.point, found.text, (), values, None, found.digest)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | None) or (isinstance(value, int | float) and abs(value) < _LARGEST)


def _may_change(result: RunResult) -> bool:
    return result.status in (Status.KILLED, Status.FAILED)


def _runs_of(sweep: str, warn: Callable[[str], None]) -> list[RunRecord]:
    # In the order in which they were started.
    found = []
    for folder in known(warn):
        record = folder.record
        if record.sweep is not None and record.sweep.get("id") == sweep and "point" in record.sweep:
            found.append(record)
    return sorted(found, key=lambda record: (record.started, record.id))


def _from_runs(facts: SweepFacts, runs: Sequence[RunRecord]) -> SweepState:
    state = SweepState(_settings_of(facts))
    for text in dict.fromkeys(run.sweep["point"] for run in runs if run.sweep):
        values = {
            key: _value(value) for key, _, value in (override.partition("=") for override in text.split()) if value
        }
        if not state.jobs or values.keys() == state.jobs[0].values.keys():
            state.jobs[len(state.jobs)] = Job(len(state.jobs), len(state.jobs), text, (), values, None, "")
    return state


def _settings_of(facts: SweepFacts) -> Settings:
    # By the config that it was started from, which may say more than what was typed.
    try:
        with opened(user_folders(None)) as loader:
            request = compose(loader, facts.config_name, facts.overrides, multirun=True).sweep
        section = request.settings if request is not None else {}
    except RequestError:  # it is not there any more
        typed = (
            override.removeprefix("sweep.").partition("=")
            for override in facts.overrides
            if override.startswith("sweep.")
        )
        section = {key: value for key, _, value in typed}
    return sweep_settings.checked({key: section[key] for key in ("metric", "mode") if section.get(key)})


def _value(text: str) -> str | int | float:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            number = kind(text)
            return number if _is_plain(number) else text
    return text
