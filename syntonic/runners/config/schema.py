"""Judges a composed config against the registered classes: their keyword-only arguments are the schema.

Everything is checked and every fault is reported, before anything is built or written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Final, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticUserError, ValidationError, create_model

from syntonic.core import registry
from syntonic.runners.config import device
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.messages import fault_text
from syntonic.runners.config.run_config import RunConfig, flattened

_STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_SECTIONS: Final[tuple[Literal["model", "benchmark", "trainer", "tracking"], ...]] = (
    "model",
    "benchmark",
    "trainer",
    "tracking",
)


def check(config: Mapping[str, Any]) -> RunConfig:
    """Returns the config with every default filled in.

    Args:
        config: plain data as composed: `{"model": {"name": ..., <arguments>}, ..., "seed": 0, "device": "auto"}`.

    Raises:
        RequestError: naming every fault: unknown keys and names, wrong types, values out of range.
    """
    if faults := [f"{key}={shown}: is no text in UTF-8" for key, shown in _unwritable(config)]:
        raise RequestError(faults)
    top, faults = judge(_top(), config, where="")
    sections: dict[str, dict[str, Any]] = {}
    for section in _SECTIONS:
        if isinstance(config.get(section), Mapping):
            sections[section], found = check_object(section, config[section], where=section)
            faults += found
    callbacks = {}
    for key, entry in (config.get("callbacks") or {}).items():
        if isinstance(entry, Mapping):
            callbacks[key], found = check_object("callback", entry, where=f"callbacks.{key}")
            faults += found
        elif entry is not None:  # null switches one callback off
            faults.append(f"callbacks.{key}: must be a name with its arguments, got {entry!r}; null switches it off")
    try:
        used = device.resolve(str(config.get("device", "auto")))
    except RequestError as error:
        faults += error.faults
    if faults:
        raise RequestError(faults)
    filled: dict[str, Any] = {**top, **sections, "callbacks": callbacks, "device": used}
    return RunConfig(**filled)


@cache
def _top() -> type[BaseModel]:
    # The sections' insides are judged one by one, each against the class that it names.
    hints = get_type_hints(RunConfig, include_extras=True)
    described: dict[str, Any] = {}
    for each in fields(RunConfig):
        hint = hints[each.name] if "text" in each.metadata else dict[str, Any]
        made = each.default if each.default_factory is MISSING else each.default_factory()
        described[each.name] = (hint, ... if made is MISSING else made)
    return create_model("RunConfig", __config__=_STRICT, **described)


def check_section(kind: registry.Kind, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one section of a config with every default filled in.

    Raises:
        RequestError: naming every fault.
    """
    section, faults = check_object(kind, entry, where=kind)
    if faults:
        raise RequestError(faults)
    return section


def check_object(kind: registry.Kind, entry: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """Judges one section, `{"name": ..., <arguments>}`, against the class that it names.

    Args:
        kind: of what it names.
        entry: the section.
        where: its path in the config, for messages.

    Returns:
        The section with every default filled in, and its faults.
    """
    known = registry.names(kind)
    name = entry.get("name")
    if name not in known:
        hint = did_you_mean(str(name), known)
        if kind in registry.OPEN and "did you mean" not in hint:
            hint += "; one of your own comes with --use FILE.py"
        return {}, [f"{where}.name={name}: there is no {kind} of that name{hint}"]
    arguments = {key: value for key, value in entry.items() if key != "name"}
    try:
        schema = schema_of(registry.lookup(kind, str(name)))
    except RequestError as error:
        return {}, list(error.faults)
    filled, faults = judge(schema, arguments, where)
    return {"name": name, **filled}, faults


@cache
def schema_of(cls: type) -> type[BaseModel]:
    """Returns the schema of what a config may say of a class: its keyword-only arguments.

    Raises:
        RequestError: if they do not say what they take.
    """
    place = f"{cls.__module__}.{cls.__qualname__}"
    try:
        arguments = registry.arguments(cls)
        if bare := [name for name, parameter in arguments.items() if parameter.annotation is parameter.empty]:
            raise RequestError([f"{place}: argument {bare[0]} has no type; write for example `{bare[0]}: int = 1`"])
        fields: dict[str, Any] = {
            argument: (parameter.annotation, ... if parameter.default is parameter.empty else parameter.default)
            for argument, parameter in arguments.items()
        }
        return create_model(cls.__name__, __config__=_STRICT, **fields)
    except (NameError, TypeError, PydanticUserError) as error:
        told = str(error).splitlines()[0]
        raise RequestError([f"{place}: its keyword arguments are no schema: {told}"]) from error


def _unwritable(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    # Texts that come from bytes of another encoding; neither JSON nor a database takes them.
    for key, value in flattened(config):
        if any("\ud800" <= sign <= "\udfff" for sign in key + json.dumps(value, ensure_ascii=False, default=str)):
            yield ascii(key)[1:-1], ascii(value)[:60]


def judge(schema: type[BaseModel], given: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """Returns `given` with the defaults of `schema` filled in, and its faults; empty if there are any."""
    # JSON mode is strict about types and still takes a YAML list for a tuple.
    try:
        return schema.model_validate_json(json.dumps(given)).model_dump(mode="json"), []
    except ValidationError as error:
        known = list(schema.model_fields)
        faults = [fault_text(fault, where, known) for fault in error.errors(include_url=False)]
        return {}, list(dict.fromkeys(faults))
    except (TypeError, ValueError) as error:
        return {}, [f"{where or 'config'}: holds a value that is not plain data ({error})"]
