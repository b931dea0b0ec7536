"""Composes words and sentences into configs: one for a run, one per point for a sweep."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from syntonic.runners import overrides as checks
from syntonic.runners.faults import RequestError, did_you_mean

Config = dict[str, Any]


@dataclass(frozen=True)
class Composition:
    """What a request came to.

    Attributes:
        config: the plain config of a run; of a sweep, what its points have in common.
        points: of a sweep, one list of overrides per point; None for a single run.
        faults: what is wrong with the overrides; the rest of the fields are then the best that could be composed.
    """

    config: Config
    points: list[list[str]] | None
    faults: list[str]


def compose(loader: ConfigLoader, config_name: str, words: list[str], *, multirun: bool) -> Composition:
    """Composes a request.

    Raises:
        RequestError: if there is nothing that could be composed at all.
    """
    _check_name(loader, config_name)
    given, faults = checks.parsed(words)
    groups: list[Override] = []
    values: list[Override] = []
    for override in given:
        (groups if checks.is_group(override, loader) else values).append(override)
    for override in groups.copy():
        if fault := checks.group_fault(override, loader):
            faults.append(fault)
            groups.remove(override)
    base = _load(loader, config_name, [override.input_line or "" for override in groups], RunMode.MULTIRUN)
    for override in values.copy():
        if fault := checks.key_fault(override, base, loader):
            faults.append(fault)
            values.remove(override)
    good = [override.input_line or "" for override in given if override in groups or override in values]
    try:
        config = _load(loader, config_name, good, RunMode.MULTIRUN)
        sweep = multirun or config.hydra.mode == RunMode.MULTIRUN
        points = _points(loader, config, config_name, good) if sweep else None
        if not sweep:
            faults += [_needs_sweep(override) for override in given if override.is_sweep_override()]
        return Composition(plain(config, config.hydra.runtime.choices), points, faults)
    except RequestError as error:
        raise RequestError([*faults, *error.faults]) from error


def plain(config: DictConfig, choices: Mapping[str, Any]) -> Config:
    """Returns a composed config as plain data, without Hydra's own part and with the run's name filled in.

    Args:
        config: as Hydra composed it.
        choices: the option that was chosen of each group.

    Raises:
        RequestError: if an interpolation in it cannot be resolved.
    """
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    try:
        data: Config = OmegaConf.to_container(own, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise RequestError([_message(error)]) from error
    if data.get("name") is None:
        data["name"] = f"{choices.get('benchmark')}-{choices.get('trainer')}-s{data.get('seed')}"
    return data


def compose_point(loader: ConfigLoader, config_name: str, words: list[str]) -> Config:
    """Composes one point of a sweep.

    Raises:
        RequestError: if it cannot be composed.
    """
    config = _load(loader, config_name, words, RunMode.RUN)
    return plain(config, config.hydra.runtime.choices)


def _points(loader: ConfigLoader, config: DictConfig, config_name: str, words: list[str]) -> list[list[str]]:
    # What Hydra's grid sweeper will do with the same words, so that every point is checked before the first one starts.
    ranges = [f"{key}={value}" for key, value in (config.hydra.sweeper.get("params") or {}).items()]
    given, faults = checks.parsed([*ranges, *words])
    for override in given:
        faults += [fault for fault in [_range_fault(override, loader, config)] if fault]
    if faults:
        raise RequestError(faults)
    last = {override.get_key_element(): override for override in given if not override.is_hydra_override()}
    return [list(point) for point in itertools.product(*(_settings(override) for override in last.values()))]


def _range_fault(override: Override, loader: ConfigLoader, config: DictConfig) -> str | None:
    if override.is_sweep_override() and not override.is_discrete_sweep():
        return f"{override.input_line}: the grid sweeper needs a list or range(...), not an interval"
    if checks.is_group(override, loader):
        return checks.group_fault(override, loader)
    return checks.key_fault(override, config, loader)


def _settings(override: Override) -> Iterable[str]:
    key = override.get_key_element()
    if override.is_sweep_override():
        return [f"{key}={value}" for value in override.sweep_string_iterator()]
    return [override.input_line or ""]


def _needs_sweep(override: Override) -> str:
    line = override.input_line
    return f"{line}: several values are a sweep: `syntonic-run -m {line}`; one value that is a list is written [a,b]"


def _check_name(loader: ConfigLoader, name: str) -> None:
    known = loader.get_group_options("", ObjectType.CONFIG)
    if name.removesuffix(".yaml") not in known:
        raise RequestError([f"-cn {name}: there is no such sentence{did_you_mean(name, known)}"])


def _load(loader: ConfigLoader, name: str, words: list[str], mode: RunMode) -> DictConfig:
    try:
        return loader.load_configuration(name, words, run_mode=mode)
    except Exception as error:  # besides Hydra's own errors, whatever a file of the user's makes the YAML reader raise
        raise RequestError([_message(error)]) from error


def _message(error: BaseException) -> str:
    chain = [error, error.__cause__, error.__context__]
    texts = [str(link).strip() for link in chain if link is not None]
    lines = next((text for text in texts if text), type(error).__name__).splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and "object_type=" not in line)
