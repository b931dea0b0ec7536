"""From proposals to runs: every point composed and checked, once for each seed."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from hydra.core.config_loader import ConfigLoader

from syntonic.core import registry
from syntonic.runners.config import schema
from syntonic.runners.config.compose import Composition, Points
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.base import Launcher
from syntonic.runners.own.source import Source
from syntonic.runners.run.inputs import Reader
from syntonic.runners.sweep import precheck
from syntonic.runners.sweep import settings as sweep_settings
from syntonic.runners.sweep.points import Job
from syntonic.runners.sweep.space import MOST, Dimension, Proposal, identity
from syntonic.runners.sweepers.base import Sweeper

_LONGEST_NAME: Final = 200


class Plan:
    """What a sweep is to do.

    Args:
        loader: Hydra, opened.
        config_name: of the experiment config.
        composition: the request, with its sweep.
        own: the user's code, loaded.

    Raises:
        RequestError: naming every fault of the request: of the sweep's own sections, and of each value of each key.
    """

    def __init__(
        self, loader: ConfigLoader, config_name: str, composition: Composition, own: Sequence[Source] = ()
    ) -> None:
        assert composition.sweep is not None
        request = composition.sweep
        faults = list(composition.faults)
        self.request = request
        self.base = composition.config
        self.settings = sweep_settings.Settings()
        try:
            self.settings = sweep_settings.checked(request.settings)
        except RequestError as error:
            faults += error.faults
        if self.settings.seeds > 1 and any(dimension.key == "seed" for dimension in request.space):
            faults.append("sweep.seeds: seed is swept already; leave out one of the two")
        parallel = self.settings.parallel
        chosen = request.launcher
        if (parallel or 1) > 1 and chosen.get("name") == "basic":
            chosen = {"name": "local"}
        self.launcher: Launcher = self._make("launcher", chosen, faults, parallel)
        places = self.launcher.places if self.launcher is not None else 1
        self.sweeper: Sweeper = self._make("sweeper", request.sweeper, faults, request.space, places)
        self._points = Points(loader, config_name)
        self.own = tuple(own)
        self._reader = Reader(own)
        self._checked: dict[int, list[Job]] = {}
        self._of: tuple[str, ...] | None = None
        self._first = 0
        faults += self._size_faults() or self._value_faults()
        if faults:
            raise RequestError(faults)

    @cached_property
    def id(self) -> str:
        """The sweep's id: the same for the same points, judged in the same way."""
        return self._hash([self.sweeper.together] if self.sweeper.together > 1 else [])

    @property
    def former_id(self) -> str:
        """The id by versions that did not see that proposals depend on how many of them are made together."""
        return self._hash([])

    def _hash(self, more: list[int]) -> str:
        chosen = self.settings
        mode = "min" if chosen.sign > 0 else "max"
        settings = {"metric": chosen.chosen, "seeds": chosen.seeds, "prune": chosen.prune, "mode": mode}
        base = {key: value for key, value in self.base.items() if key not in ("tracking", "resume")}
        asked = [base, identity(self.request.space), self.request.sweeper, self.sweeper.total, settings, *more]
        return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def total(self) -> int:
        """Runs in all."""
        return self.sweeper.total * self.settings.seeds

    def jobs(self, proposals: Sequence[Proposal], first_point: int = 0) -> list[Job]:
        """Returns the runs of some points, numbered in order."""
        found: list[Job] = []
        for point, proposal in enumerate(proposals, start=first_point):
            known = self._checked.get(point)  # a grid's, from when its values were checked
            found += known or [self._job(point, each, proposal) for each in range(self.settings.seeds)]
        return found

    def _job(self, point: int, repetition: int, proposal: Proposal) -> Job:
        number = point * self.settings.seeds + repetition
        overrides, values = [*self.request.fixed, *proposal.overrides], dict(proposal.values)
        text = " ".join(proposal.overrides)
        try:
            if self.settings.seeds > 1:
                values["seed"] = self._seed(tuple(overrides)) + repetition
                overrides.append(f"seed={values['seed']}")
                text = f"{text} seed={values['seed']}".lstrip()
            plain = self._points.compose(overrides)
            short = shown({key.rpartition(".")[2]: value for key, value in values.items()})
            plain["name"] = f"{plain['name']} {short}".rstrip()[:_LONGEST_NAME]
            config = schema.check(plain)
        except RequestError as error:
            return Job(number, point, text, tuple(overrides), values, None, "", error.faults)
        return Job(
            number,
            point,
            text,
            tuple(overrides),
            values,
            replace(config, resume=None),
            config.digest(self._reader.of(config)),
        )

    def _seed(self, overrides: tuple[str, ...]) -> int:
        # Of a point's first run; the others come after it and need not find it again.
        if overrides != self._of:
            self._of, self._first = overrides, schema.check(self._points.compose(overrides)).seed
        return self._first

    def _size_faults(self) -> list[str]:
        # Of a sweep that can be no sweep, before its points are written out.
        if not self.request.space and self.request.sweeper.get("name", "basic") != "basic":
            return [
                "nothing is swept: give a key several values or an interval, as in 'trainer.sigma=interval(0.01,1)'; "
                "sweep.seeds=5 alone repeats a run"
            ]
        runs = self.settings.seeds * (self.sweeper.total if self.sweeper is not None else 1)
        return [f"these are {runs:,} runs; a sweep may have at most {MOST:,}"] if runs > MOST else []

    def _value_faults(self) -> list[str]:
        # Of intervals both ends and a number between are checked, then every point that is known already.
        intervals = any(dimension.is_interval for dimension in self.request.space)
        jobs: list[Job] = []
        if intervals or self.sweeper is None or self.sweeper.adaptive:
            jobs = [self._job(0, 0, proposal) for proposal in _corners(self.request.space)]
        if self.sweeper is not None and not self.sweeper.adaptive and not any(job.faults for job in jobs):
            jobs = self.jobs(next(self.sweeper.batches()))
            for job in jobs:
                self._checked.setdefault(job.point, []).append(job)
        faults = list(dict.fromkeys(fault for job in jobs for fault in job.faults))
        names = sorted({job.config.benchmark["name"] for job in jobs if job.config})
        if len(names) > 1:
            listed = " and ".join(names)
            faults.append(
                f"the points are of several benchmarks, {listed}: no metric compares them; sweep each by itself"
            )
        compared_by = self._reader.compared_by
        self.by_test_data = self.settings.metric is None and compared_by == sweep_settings.TEST
        self.settings = self.settings.settled(compared_by)
        if not faults and self.sweeper is not None:
            faults += precheck.faults([job.config for job in jobs if job.config], self.settings)
        if intervals and any("must be even" in fault or "multiple of" in fault for fault in faults):
            faults.append("an interval holds every whole number; range(start,stop,step) holds those at equal steps")
        return faults

    def _make(self, kind: registry.Kind, section: dict[str, Any], faults: list[str], *given: object) -> Any:  # noqa: ANN401
        section = {"name": "basic", **section}
        filled, found = schema.check_object(kind, section, where=f"hydra.{kind}")
        faults += found
        if found:
            return None
        try:
            cls = registry.lookup(kind, filled.pop("name"))
            return cls(*given, **{key: _tupled(value) for key, value in filled.items()})
        except ValueError as error:
            faults.append(f"hydra/{kind}={section['name']}: {error}" if kind == "launcher" else str(error))
            return None


def shown(values: Mapping[str, Any]) -> str:
    """Returns what a point sets, for people, without its seed.

    >>> shown({"sigma": 0.1, "rank": None, "seed": 3})
    'sigma=0.1 rank=null'
    """
    overrides = {None: "null", True: "true", False: "false"}
    texts = {key: overrides[v] if v is None or isinstance(v, bool) else str(v) for key, v in values.items()}
    return " ".join(f"{key}={text}" for key, text in texts.items() if key != "seed")


def _corners(space: Sequence[Dimension]) -> Iterator[Proposal]:
    # Every value of every key once, the others at their first.
    firsts = [dimension.setting(dimension.at(0.0)) for dimension in space]
    for position, dimension in enumerate(space):
        ends: list[float] = list(range(len(dimension.choices))) or [dimension.low, dimension.high]
        if dimension.is_interval and dimension.integer:
            ends.insert(1, dimension.low + 1)  # where a key takes even numbers only, say
        for end in ends:
            settings = [*firsts[:position], dimension.setting(end), *firsts[position + 1 :]]
            yield Proposal(tuple(override for override, _ in settings), {})
    if not space:
        yield Proposal((), {})


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
