"""Which rows are for training, which for validation and which for the test: class by class or by group."""

import random
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, TypeAlias

from annotated_types import Ge, Lt

from syntonic.benchmarks.standards import Split, labels

NAMES: Final = ("train", "validation", "test")
Share: TypeAlias = Annotated[float, Ge(0), Lt(1)]
"""A share of the rows, as a config sets it."""
Places = dict[str, list[int]]
"""The rows of each split, from 0, in the order of the data; splits without rows are left out."""


def split(
    rows: int,
    validation: float,
    test: float,
    seed: int,
    *,
    classes: Sequence[int] | None = None,
    groups: Sequence[int] | None = None,
) -> Places:
    """Returns the rows of each split, a pure function of the arguments.

    Args:
        rows: of the data.
        validation: the share of it in the rows, at least 0.
        test: the share of it; the sum of both is below 1.
        seed: draws who goes where.
        classes: (rows,) of each row; every class is then cut by itself, so that all splits have its share.
        groups: (rows,) of each row; rows of one group then stay together, and classes are not looked at.

    Raises:
        ValueError: a share that leaves a split without rows.

    >>> {name: len(places) for name, places in split(10, 0.2, 0.2, 0).items()}
    {'train': 6, 'validation': 2, 'test': 2}
    """
    if validation + test >= 1:
        raise ValueError(
            f"validation={validation:g} and test={test:g} leave nothing for training; their sum is below 1"
        )
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    source = random.Random(f"split {seed}")
    if groups is not None:
        found = _by_group(_gathered(groups), shares, rows, source)
    else:
        found = _by_class(_gathered(classes) if classes is not None else [list(range(rows))], shares, source)
    empty = [name for name in NAMES if shares[name] > 0 and not found[name]]
    if empty:
        parts = "groups" if groups is not None else "rows"
        raise ValueError(f"there are too few {parts} for {empty[0]} data of a share of {shares[empty[0]]:g}")
    return {name: sorted(found[name]) for name in NAMES if found[name]}


def held_back(train: Split, validation: float) -> dict[str, Split]:
    """Returns training data, and a share of it for validation, class by class; 0: all of it as it is.

    Which rows are held back does not depend on the seed of a run.
    """
    if not validation:
        return {"train": train}
    places = split(train[0].shape[0], validation, 0.0, 0, classes=list(map(int, labels(train[1]))))
    return {name: (train[0].take(rows), train[1].take(rows)) for name, rows in places.items()}


def _gathered(labels: Iterable[int]) -> list[list[int]]:
    rows: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return [rows[label] for label in sorted(rows)]


def _by_class(classes: list[list[int]], shares: dict[str, float], source: random.Random) -> Places:
    found: Places = {name: [] for name in NAMES}
    seen = 0
    for rows in classes:
        source.shuffle(rows)
        # What a class owes to rounding, the next ones make up for; its first row is always for training.
        end = {
            name: min(max(round(shares[name] * (seen + len(rows))) - len(found[name]), 0), len(rows) - 1)
            for name in ("test", "validation")
        }
        cut = min(end["test"] + end["validation"], len(rows) - 1)
        found["test"] += rows[: end["test"]]
        found["validation"] += rows[end["test"] : cut]
        found["train"] += rows[cut:]
        seen += len(rows)
    return found


def _by_group(groups: list[list[int]], shares: dict[str, float], rows: int, source: random.Random) -> Places:
    # The largest group first, each to the split that lacks most rows.
    source.shuffle(groups)
    groups.sort(key=len, reverse=True)
    lacking = {name: share * rows for name, share in shares.items() if share > 0}
    found: Places = {name: [] for name in NAMES}
    for group in groups:
        name = max(lacking, key=lambda name: lacking[name])
        found[name] += group
        lacking[name] -= len(group)
    return found
