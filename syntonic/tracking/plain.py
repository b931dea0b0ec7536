"""JSON files: written whole or not at all, and read into dataclasses field by field, whoever has written them."""

import dataclasses
import json
import os
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_LARGEST: Final = 64 << 20  # bytes of a file that is read


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Writes a JSON file, whole or not at all; the file that was there before stays until the new one is complete.

    Raises:
        OSError: if the disk refuses it.
    """
    hidden = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(2).hex()}")
    try:
        hidden.write_text(json.dumps(content, indent=1), encoding="utf-8")
        hidden.replace(path)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise


def kept(cls: type) -> list[str]:
    """Returns the names of the fields that stand in a file: all whose metadata do not say `kept=False`."""
    return [field.name for field in dataclasses.fields(cls) if field.metadata.get("kept", True)]


def read(path: Path, cls: type[T], version: int) -> T:
    """Reads a dataclass from a JSON file that has its fields, and `format`.

    Raises:
        FileNotFoundError: if there is no file.
        ValueError: if it is not what it should be; the message says what is wrong.
    """
    if not path.is_file() and path.exists():
        raise ValueError("it is no plain file")
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST >> 20} MB")
    try:
        facts = json.loads(path.read_bytes())
    except (RecursionError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"it cannot be read ({error})") from error
    if not isinstance(facts, dict):
        raise ValueError("it holds no mapping")
    found = facts.pop("format", None)
    if found != version:
        raise ValueError(f"it has format {found!r:.40}, this version of syntonic reads format {version}")
    return build(cls, facts)


def build(cls: type[T], facts: object) -> T:
    """Makes a `cls`; a field that has a default may be missing.

    Raises:
        ValueError: naming the first field that is missing, unknown or of another type.
    """
    if not isinstance(facts, dict):
        raise ValueError("it holds no mapping")
    hints = _hints(cls)  # type: ignore[arg-type]
    known = kept(cls)
    for key in facts:
        if key not in known:
            raise ValueError(f"it holds an unknown field {str(key)[:60]!r}")
    made = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if field.name in facts:
            made[field.name] = _converted(facts[field.name], hints[field.name], field.name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"it has no field {field.name!r}")
    return cls(**made)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _converted(value: object, hint: Any, name: str) -> Any:  # noqa: ANN401 (whatever the field holds)
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        return _converted(value, next(option for option in inner if option is not type(None)), name)
    if origin in (dict, Mapping):
        if isinstance(value, dict):
            return {key: _converted(item, inner[1], name) for key, item in value.items()}
    elif origin in (list, Sequence):
        if isinstance(value, list):
            return [_converted(item, inner[0], name) for item in value]
    elif origin is tuple:
        if isinstance(value, list) and len(value) == len(inner):
            return tuple(_converted(item, kind, name) for item, kind in zip(value, inner, strict=True))
    elif dataclasses.is_dataclass(hint):
        return build(hint, value)  # type: ignore[arg-type]
    elif isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    elif hint is Path and isinstance(value, str):
        return Path(value)
    elif hint is float and type(value) in (int, float):
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise ValueError(f"its field {name!r} holds a number that is too large") from None
    elif type(value) is hint:
        return value
    raise ValueError(f"its field {name!r} holds {str(value)[:60]!r}, which is of the wrong type")
