"""Composes config groups, experiment configs and overrides: one config for a run, one per point for a sweep."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override, OverrideType
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from syntonic.core import registry
from syntonic.runners.config import overrides as checks
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.options import title
from syntonic.runners.config.run_config import without_newer
from syntonic.runners.sweep.space import Space, dimension

Config = dict[str, Any]
DEFAULT: Final = "config"  # the config that a command line starts from
DEFAULT_MODEL: Final = "mlp"  # the model that it has


@dataclass(frozen=True)
class SweepRequest:
    """A sweep as it was asked for, not yet judged.

    Attributes:
        fixed: the overrides that all points have in common.
        space: what is swept.
        settings, sweeper, launcher: the sections `sweep`, `hydra.sweeper` and `hydra.launcher`.
    """

    fixed: tuple[str, ...]
    space: Space
    settings: Config
    sweeper: Config
    launcher: Config


@dataclass(frozen=True)
class Composition:
    """What a request came to.

    Attributes:
        config: the plain config of a run; of a sweep, what its points have in common.
        sweep: the sweep; None for a single run.
        faults: what is wrong with the overrides; the rest of the fields are then the best that could be composed.
        without_sweep: what was asked for that only a sweep has, as faults; empty for one.
    """

    config: Config
    sweep: SweepRequest | None
    faults: list[str]
    without_sweep: list[str] = field(default_factory=list)


def compose(loader: ConfigLoader, config_name: str, typed: Sequence[str], *, multirun: bool) -> Composition:
    """Composes a request.

    Raises:
        RequestError: if there is nothing that could be composed at all.
    """
    _check_name(loader, config_name)
    given, faults = checks.parsed(typed, loader)
    groups: list[Override] = []
    values: list[Override] = []
    for override in given:
        (groups if checks.is_group(override.key_or_group, loader) else values).append(override)
    for override in groups.copy():
        if fault := checks.group_fault(override, loader):
            faults.append(fault)
            groups.remove(override)
    base = _load(loader, config_name, [override.input_line or "" for override in groups], RunMode.MULTIRUN)
    if usual := _usual_model(base, config_name, groups):
        (model,), _ = checks.parsed([f"model={usual}"], loader)
        given, groups = [model, *given], [model, *groups]
        base = _load(loader, config_name, [override.input_line or "" for override in groups], RunMode.MULTIRUN)
    for override in values.copy():
        if fault := checks.key_fault(override, base, loader):
            faults.append(fault)
            values.remove(override)
    good = [override for override in given if override in groups or override in values]
    try:
        if all(override.type is OverrideType.CHANGE for override in values):
            config = _changed(base, [override for override in values if not override.is_sweep_override()])
        else:  # a key comes or goes: Hydra reads everything once more
            config = _load(loader, config_name, [override.input_line or "" for override in good], RunMode.MULTIRUN)
        asked = multirun or any(override.key_or_group.startswith("sweep.") for override in good)
        sweep, without_sweep = None, []
        if asked or config.hydra.mode == RunMode.MULTIRUN:
            sweep, found = _sweep(loader, config, good)
            faults += found
        else:
            faults += [_needs_sweep(override) for override in given if override.is_sweep_override()]
            without_sweep = list(_of_sweeps(config, good))
        return Composition(plain(config, config.hydra.runtime.choices), sweep, faults, without_sweep)
    except RequestError as error:
        raise RequestError([*faults, *error.faults]) from error


def plain(config: DictConfig, choices: Mapping[str, Any]) -> Config:
    """Returns a composed config as plain data, without the parts of Hydra and of the sweep, the run's name filled in.

    Args:
        config: as Hydra composed it.
        choices: the option that was chosen of each group.

    Raises:
        RequestError: if an interpolation in it cannot be resolved.
    """
    return _resolved(_own(config), choices)


def _resolved(own: DictConfig, choices: Mapping[str, Any]) -> Config:
    try:
        data: Config = OmegaConf.to_container(own, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise RequestError([_message(error)]) from error
    if data.get("name") is None:
        data["name"] = title(data, choices)
    return without_newer(data)


class Points:
    """Composes the points of a sweep; what they have in common is composed once.

    Args:
        loader: Hydra, opened.
        config_name: the config that they start from.
    """

    def __init__(self, loader: ConfigLoader, config_name: str) -> None:
        self._loader, self._name = loader, config_name
        self._bases: dict[tuple[str, ...], tuple[DictConfig, dict[str, Any]]] = {}
        self._is_group = cache(lambda key: checks.is_group(key, loader))

    def compose(self, typed: Sequence[str]) -> Config:
        """Returns the plain config of one point.

        Raises:
            RequestError: if it cannot be composed.
        """
        given, faults = checks.parsed(typed, self._loader)
        if faults:
            raise RequestError(faults)
        simple = [
            override
            for override in given
            if override.type is OverrideType.CHANGE and not self._is_group(override.key_or_group)
        ]
        rest = tuple(override.input_line or "" for override in given if override not in simple)
        if rest not in self._bases:
            config = _load(self._loader, self._name, rest, RunMode.RUN)
            self._bases[rest] = (_own(config), dict(config.hydra.runtime.choices))
        base, choices = self._bases[rest]
        return _resolved(_changed(copy.deepcopy(base), simple), choices)


def _usual_model(base: DictConfig, config_name: str, groups: Sequence[Override]) -> str | None:
    """Returns the model that a benchmark is learned by if nothing else is said; None where another was chosen.

    Hydra reads the defaults list from its end, so that a model may bring its benchmark and no benchmark its model.
    """
    chosen = {override.key_or_group: override for override in groups}
    benchmark = chosen.get("benchmark")
    if config_name != DEFAULT or "model" in chosen or benchmark is None or benchmark.is_sweep_override():
        return None
    if base.hydra.runtime.choices.get("model") != DEFAULT_MODEL:
        return None
    name = OmegaConf.select(base, "benchmark.name")
    if name not in registry.names("benchmark"):
        return None
    return getattr(registry.lookup("benchmark", name), "usual_model", None)


def _changed(config: DictConfig, values: Sequence[Override]) -> DictConfig:
    try:
        for override in values:
            OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
    except OmegaConfBaseException as error:
        raise RequestError([_message(error)]) from error
    return config


def _own(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key not in ("hydra", "sweep")])


def _sweep(loader: ConfigLoader, config: DictConfig, given: Sequence[Override]) -> tuple[SweepRequest, list[str]]:
    ranges = [f"{key}={value}" for key, value in (config.hydra.sweeper.get("params") or {}).items()]
    listed, faults = checks.parsed(ranges, loader)
    for override in listed:
        is_group = checks.is_group(override.key_or_group, loader)
        fault = checks.group_fault(override, loader) if is_group else checks.key_fault(override, config, loader)
        faults += [fault] if fault else []
    # What was typed comes after what the config says, and the last value of a key holds.
    last = {override.get_key_element(): override for override in [*listed, *given]}
    space, fixed = [], []
    for key, override in last.items():
        if not override.is_sweep_override():
            fixed += [] if key.startswith(("hydra", "sweep.")) else [override.input_line or ""]
        elif key.startswith(("hydra", "sweep.")):
            faults.append(f"{override.input_line}: {key} belongs to the sweep itself and has one value")
        else:
            try:
                space.append(dimension(override, config))
            except ValueError as error:
                faults.append(f"{override.input_line}: {error}")
    try:
        sections: list[Config] = [
            OmegaConf.to_container(section, resolve=True)  # type: ignore[misc]
            for section in (config.sweep, config.hydra.sweeper, config.hydra.launcher)
        ]
    except OmegaConfBaseException as error:
        raise RequestError([*faults, _message(error)]) from error
    sections[1].pop("params", None)
    return SweepRequest(tuple(fixed), tuple(space), *sections), faults


def _of_sweeps(config: DictConfig, given: Sequence[Override]) -> Iterator[str]:
    # A launcher or a sweeper of a single run would do nothing, be it typed or chosen by an experiment config.
    for kind in ("launcher", "sweeper"):
        typed = [override.input_line for override in given if override.key_or_group.startswith(f"hydra.{kind}")]
        option = config.hydra.runtime.choices.get(f"hydra/{kind}")
        if option != "basic":
            yield f"hydra/{kind}={option}: a {kind} is for sweeps; add -m, or leave it out"
        elif typed:
            yield f"{typed[0]}: a {kind} is for sweeps; add -m, or leave it out"


def _needs_sweep(override: Override) -> str:
    line = override.input_line
    return f"{line}: several values need a sweep: `syntonic-run -m {line}`; a list as one value is written [a,b]"


def _check_name(loader: ConfigLoader, name: str) -> None:
    known = [option for option in loader.get_group_options("", ObjectType.CONFIG) if not option.startswith("_")]
    if name.removesuffix(".yaml") not in known:
        raise RequestError([f"-cn {name}: no config named {name!r}{did_you_mean(name, known)}"])


def _load(loader: ConfigLoader, name: str, overrides: Sequence[str], mode: RunMode) -> DictConfig:
    try:
        return loader.load_configuration(name, list(overrides), run_mode=mode)
    except Exception as error:  # besides Hydra's own errors, whatever a file of the user's makes the YAML reader raise
        raise RequestError([_message(error)]) from error


def _message(error: BaseException) -> str:
    chain = [error, error.__cause__, error.__context__]
    texts = [str(link).strip() for link in chain if link is not None]
    lines = next((text for text in texts if text), type(error).__name__).splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and "object_type=" not in line)
