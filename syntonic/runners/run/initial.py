"""First values of a model from another run: `init_from=RUN`. What is read belongs to the identity of the new run."""

import hashlib
from pathlib import Path

from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.folder import PARAMETERS
from syntonic.runners.run.listing import find
from syntonic.sn import Module
from syntonic.tracking.arrays import unpack
from syntonic.tracking.checkpoint import content

_KEY = "init_from="


def with_ids(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """Returns overrides in which the run that `init_from` means is named by its whole id: "last" is another one later.

    Raises:
        RequestError: if there is no such run.
    """
    return tuple(
        f"{_KEY}{find(each.removeprefix(_KEY), lambda line: None, _KEY).record.id}" if _is_simple(each) else each
        for each in overrides
    )


def take(model: object, run: str) -> None:
    """Puts a model into the state that a run has trained.

    Raises:
        RequestError: if there is no such run, it keeps no model, or its parameters do not fit.
    """
    if not isinstance(model, Module):
        raise RequestError([f"{_KEY}{run}: this model cannot take the parameters of another run"])
    place = _parameters(run)
    try:
        model.load_state_dict(unpack(content(place)))  # type: ignore[arg-type]
    except ValueError as error:
        raise RequestError([f"{_KEY}{run}: its parameters do not fit this model: {error}"]) from error


def digest(run: str) -> dict[str, str]:
    """Returns the SHA-256 of the parameters that a run has trained, by what they are.

    Raises:
        RequestError: if there is no such run, or it keeps no model.
    """
    place = _parameters(run)
    return {f"the parameters of run {place.parents[1].name}": hashlib.sha256(content(place)).hexdigest()}


def _parameters(run: str) -> Path:
    if run == "last":
        raise RequestError([f"{_KEY}last in a file, or among several values, may mean another run later; say its id"])
    folder = find(run, lambda line: None, _KEY)
    place = folder.path / "model" / PARAMETERS
    if not place.is_file():
        raise RequestError([f"{_KEY}{run}: run {folder.record.id} keeps no model; it is {folder.record.status.value}"])
    return place


def _is_simple(override: str) -> bool:
    value = override.removeprefix(_KEY)
    return value != override and value not in ("", "null") and not set(value) & set(",()[]{}'\"")
