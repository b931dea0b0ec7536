"""Chooses runs: by what is asked of them (`trainer.sigma=0.1`, `test_accuracy>0.9`), in the order of a key, so many."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.run_config import flattened
from syntonic.runners.run import labels
from syntonic.runners.run.folder import RunFolder

_ASKED: Final = re.compile(r"([\w./-]+)(!=|>=|<=|=|>|<)(.*)", re.DOTALL)
_NUMBERS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def is_filter(typed: str) -> bool:
    """Whether a word asks something of runs.

    >>> is_filter("test_accuracy>0.9"), is_filter("last")
    (True, False)
    """
    return _ASKED.fullmatch(typed) is not None


def facts(folder: RunFolder) -> dict[str, Any]:
    """Returns what can be asked of a run: its settings, results, latest metrics, tags, and what it is called."""
    record, point = folder.record, folder.last_point
    own = {f"tag.{key}": value for key, value in labels.read(folder.path).tags.items()}
    configured = record.config.get("tracking", {})
    given = configured.get("tags") if isinstance(configured, dict) else None
    begun = {f"tag.{key}": value for key, value in given.items()} if isinstance(given, dict) else {}
    return {
        **dict(flattened(record.config)),
        **{group: section["name"] for group, section in record.config.items() if _named(section)},
        **(point.metrics if point else {}),
        **record.results,
        **begun,
        **own,
        "run": record.id,
        "name": record.title,
        "status": record.status.value.lower(),
        "generation": folder.generation,
        "started": record.started,
        "seconds": record.seconds,
    }


def chosen(
    folders: Sequence[RunFolder], asked: Sequence[str], order: str, limit: int | None, *, reverse: bool
) -> list[RunFolder]:
    """Returns the runs of which everything that is asked is true.

    Args:
        folders: the latest first.
        asked: filters.
        order: the key to sort by; empty: as they are. Runs that have no such value come last.
        limit: how many at most; None: all.
        reverse: whether the largest come first.

    Raises:
        RequestError: if no run has one of the keys, or what is compared with is not a number.
    """
    if not asked and not order:
        return list(folders)[:limit]
    found = {folder.path: facts(folder) for folder in folders}
    known = list(dict.fromkeys(key for each in found.values() for key in each))
    tests = [_test(typed, known if folders else None) for typed in asked]
    left = [folder for folder in folders if all(test(found[folder.path]) for test in tests)]
    if order:
        if folders and order not in known:
            raise RequestError([f"ls: --sort {order}: no run has it{did_you_mean(order, known)}"])
        there = [folder for folder in left if found[folder.path].get(order) is not None]
        there.sort(key=lambda folder: _rank(found[folder.path][order]), reverse=reverse)
        left = [*there, *(folder for folder in left if folder not in there)]
    return left[:limit]


def _test(typed: str, known: Sequence[str] | None) -> Callable[[Mapping[str, Any]], bool]:
    match = _ASKED.fullmatch(typed)
    assert match is not None
    key, sign, wanted = match.groups()
    if known is not None and key not in known and not key.startswith("tag."):
        raise RequestError([f"ls: {typed}: no run has {key!r}{did_you_mean(key, known)}"])
    if sign in ("=", "!="):
        return lambda found: (key in found and _same(found[key], wanted)) is (sign == "=")
    try:
        limit = float(wanted)
    except ValueError:
        raise RequestError([f"ls: {typed}: {wanted!r} is not a number"]) from None
    compare = _NUMBERS[sign]
    return lambda found: isinstance(found.get(key), int | float) and compare(float(found[key]), limit)


def _same(value: object, wanted: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(wanted) == value
        except ValueError:
            return False
    text = "null" if value is None else str(value)
    return text.replace(" ", "").lower() == wanted.replace(" ", "").lower()


def _named(section: object) -> bool:
    return isinstance(section, dict) and isinstance(section.get("name"), str)


def _rank(value: object) -> tuple[int, float, str]:
    is_number = isinstance(value, int | float) and value == value
    return (0, float(value), "") if is_number else (1, 0.0, str(value))  # type: ignore[arg-type]
