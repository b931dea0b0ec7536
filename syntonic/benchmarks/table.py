"""A table of one's own: rows with a column that is to be told from the others."""

import hashlib
from array import array
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Lt, MaxLen, MinLen

from syntonic._core import Tensor
from syntonic.benchmarks.answers import Answers, Classes, Numbers
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.preparation import TABLE
from syntonic.benchmarks.reading import TABLES, Column, Columns, read_columns
from syntonic.benchmarks.reading.columns import known_names
from syntonic.benchmarks.reading.content import content
from syntonic.benchmarks.splits import Places, Share, split
from syntonic.benchmarks.supervised import Supervised
from syntonic.benchmarks.table_encoding import Categories, Missing, TableEncoding, classes_of, fitted, moments
from syntonic.core.registry import register

FEW: Final = 20
"""So many different whole numbers are taken for classes if nothing is said."""


@register("benchmark", "table")
class Table(Supervised):
    """Columns of a table to one of them: a class, by logits and cross-entropy, or a number, by mean squared error.

    CSV and its like, NPZ and Parquet are told apart by their first bytes. Numbers are standardised by the mean and the
    deviation of training rows; columns that are the same in all training rows are left out. The split is a function of
    `split_seed` alone, so that runs with different seeds are judged on the same rows.

    Args:
        seed: draws the batches.
        path: of the file.
        target: the column that is to be told.
        task: "classification" if the target is text or has at most 20 different values, all whole; else "regression".
        ignore: columns that are not looked at.
        group: a column whose rows of one value stay in one split, such as a patient; it is no input.
        missing: what becomes of values that are missing: "refuse", "drop" their rows, "mean" of the column, or
            "indicator", the mean and one input more that says so. Rows without a target are refused or dropped.
        categories: what becomes of columns of texts: "refuse", or "onehot", one input for each of at most 64 texts.
        standardize: whether numbers get mean 0 and deviation 1.
        validation: the share of rows by which runs are chosen.
        test: the share of rows that is judged once, at the end.
        split_seed: draws who goes where; every split has its share of each class.
        batch_size: rows in a batch; None: all training data, in every generation.
        separator: of a text; None: comma, semicolon, tab or bar, whichever cuts the first rows alike.
        encoding: of a text; None: it is found.
        decimal: the sign between the whole and the fraction of a number.
        header: whether the first row is names; None: if none of its values is a number.

    Raises:
        ValueError: the file cannot be read, or holds what the other arguments refuse: where, and what to try.
    """

    def __init__(
        self,
        seed: int,
        *,
        path: str | None = None,
        target: str | None = None,
        task: Literal["classification", "regression"] | None = None,
        ignore: tuple[str, ...] = (),
        group: str | None = None,
        missing: Missing = "refuse",
        categories: Categories = "refuse",
        standardize: bool = True,
        validation: Share = 0.2,
        test: Annotated[float, Ge(0.001), Lt(1)] = 0.2,
        split_seed: Annotated[int, Ge(0)] = 0,
        batch_size: BatchSize | None = 256,
        separator: Annotated[str, MinLen(1), MaxLen(1)] | None = None,
        encoding: str | None = None,
        decimal: Literal[".", ","] = ".",
        header: bool | None = None,
    ) -> None:
        if path is None:
            raise ValueError(f"needs a file: benchmark.path=data.csv; it may be {TABLES}")
        data = content(path, "table")
        self.data_name = path
        self._digest = hashlib.sha256(data).hexdigest()
        table = read_columns(
            path, data, separator=separator, encoding=encoding, header=header, decimal=decimal, without=ignore
        )
        self._form, self._decimal = table.form, decimal
        if target is None:
            raise ValueError(
                f"which column of {path} is to be told? Say benchmark.target={known_names('', list(table.columns))}"
            )
        asked = table.named(target, "target")
        grouped = None if group is None else table.named(group, "group")
        names = [name for name in table.columns if name not in (target, group)]
        if not names:
            raise ValueError(f"the table {path} has no column besides its target {target!r} ({table.form})")
        kept = _kept(table, asked, grouped, names, missing)
        is_class = (task or _found(asked, kept)) == "classification"
        labels = _labels(asked, kept) if is_class else None
        groups = None if grouped is None else _groups(grouped, kept)
        places = split(len(kept), validation, test, split_seed, classes=labels and labels[1], groups=groups)
        rows = {name: [kept[place] for place in of] for name, of in places.items()}
        fits = [fitted(table.columns[n], rows["train"], missing, categories, standardize=standardize) for n in names]
        self._constant = [name for name, fit in zip(names, fits, strict=True) if fit is None]
        inputs = tuple(fit for fit in fits if fit is not None)
        if not inputs:
            raise ValueError(f"every column of {path} but the target is the same in all training rows")
        answers, mean, scale, targets = _answers(asked, labels, kept, places)
        self.encoding = TableEncoding(
            inputs,
            target,
            answers.names if isinstance(answers, Classes) else (),
            mean,
            scale,
            missing in ("mean", "indicator"),
        )
        splits = {name: (self.encoding.encode(table, of), targets[name]) for name, of in rows.items()}
        self._dropped = table.rows - len(kept)
        super().__init__(seed, splits, answers, batch_size)

    def data_digest(self) -> str:
        """Returns the SHA-256 of the file."""
        return self._digest

    def preparation(self) -> dict[str, Any]:
        """Returns what a trained model needs to be given new rows, as plain data; see `preparation.encode`."""
        return {"kind": TABLE, "decimal": self._decimal, **self.encoding.plain()}

    def describe(self) -> list[str]:
        """Returns what was found of the file, and of each split."""
        task = f"one of {len(self.encoding.classes)} classes" if self.encoding.classes else "a number"
        lines = [f"{self.data_name} ({self._form}), target {self.encoding.target!r}: {task}", *super().describe()]
        if self._constant:
            lines.append(f"left out, the same in all training rows: {', '.join(self._constant)}")
        if self._dropped:
            lines.append(f"left out, with missing values: {self._dropped:,} rows")
        return lines


def _found(asked: Column, kept: Sequence[int]) -> str:
    if asked.numbers is None:
        return "classification"
    values = {asked.numbers[row] for row in kept}
    few = len(values) <= FEW and 2 * len(values) <= max(len(kept), 4)
    return "classification" if few and all(value == int(value) for value in values) else "regression"


def _kept(table: Columns, asked: Column, grouped: Column | None, names: Sequence[str], missing: Missing) -> list[int]:
    """Returns the rows that are used."""
    needed = [asked] if grouped is None else [asked, grouped]
    gaps = set[int]()
    for column in needed:
        if (found := column.missing) and missing == "refuse":
            raise ValueError(
                f"column {column.name!r} lacks {len(found):,} of {column.rows:,} values, the first in row "
                f"{found[0] + 1}: missing=drop leaves such rows out"
            )
        gaps.update(found)
    if missing == "drop":
        gaps.update(row for name in names for row in table.columns[name].missing)
    if len(gaps) == table.rows:
        raise ValueError("every row lacks a value that is needed; leave columns out by ignore=[...]")
    return [row for row in range(table.rows) if row not in gaps]


def _taken(column: Column, rows: Sequence[int]) -> Column:
    if column.numbers is not None:
        return Column(column.name, array("d", map(column.numbers.__getitem__, rows)))
    codes = array("l", map(column.codes.__getitem__, rows))
    texts = [column.texts[code] for code in dict.fromkeys(codes)]
    number = {text: place for place, text in enumerate(texts)}
    return Column(column.name, None, array("l", [number[column.texts[code]] for code in codes]), texts)


def _groups(column: Column, kept: Sequence[int]) -> list[int]:
    numbers: dict[float, int] = {}
    values = column.codes if column.numbers is None else column.numbers
    return [numbers.setdefault(values[row], len(numbers)) for row in kept]


def _labels(column: Column, kept: Sequence[int]) -> tuple[tuple[str, ...], list[int]]:
    return classes_of(_taken(column, kept))


def _answers(
    asked: Column, labels: tuple[tuple[str, ...], list[int]] | None, kept: Sequence[int], places: Places
) -> tuple[Answers, float, float, dict[str, Tensor]]:
    """Returns what is asked, mean and scale of a number, and the targets of each split."""
    if labels is not None:
        names, numbers = labels
        targets = {name: Tensor(array("f", map(numbers.__getitem__, of)), (len(of),)) for name, of in places.items()}
        return Classes(names), 0.0, 1.0, targets
    if asked.numbers is None:
        text, row = asked.stray or (asked.texts[0], 1)
        raise ValueError(f"the target {asked.name!r} is not a number in row {row}: {text[:40]!r}; task=classification?")
    values = [asked.numbers[row] for row in kept]
    known = [values[place] for place in places["train"]]
    if min(known) == max(known):
        raise ValueError(f"the target {asked.name!r} is {known[0]:g} in every training row; there is nothing to learn")
    mean, scale = moments(known, asked.name)
    scaled = {name: array("f", [(values[place] - mean) / scale for place in of]) for name, of in places.items()}
    return Numbers(mean, scale), mean, scale, {n: Tensor(column, (len(column), 1)) for n, column in scaled.items()}
