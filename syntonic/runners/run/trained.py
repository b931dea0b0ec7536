"""A run that has trained a model, opened again: the model, the config, every generation, the results."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.own import loading
from syntonic.runners.run import kept_model
from syntonic.runners.run.folder import RunFolder, read
from syntonic.runners.run.kept_model import LoadedModel
from syntonic.runners.run.record import FILE, RunRecord
from syntonic.tracking.journal import JOURNAL, Tail


class TrainedRun:
    """A run and what came of it.

    Args:
        folder: of the run.
        use: code of the user's own besides what the run keeps.

    Raises:
        RequestError: if it needs code that was never used on this machine.
    """

    def __init__(self, folder: RunFolder, use: Sequence[str] = ()) -> None:
        self.record: Final[RunRecord] = folder.record
        self.notes: Final[list[str]] = loading.changed(folder.record.uses)
        """What should be known of it, a line each: files of code that have changed since."""
        self._folder = folder
        self._own = loading.of_record(folder.record.uses, folder.path, loading.typed(use), as_kept=True)

    @property
    def config(self) -> dict[str, Any]:
        """The resolved config."""
        return self.record.config

    @property
    def results(self) -> dict[str, float]:
        """The final metrics; empty of a run that has not finished."""
        return self.record.results

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """A table of all generations: a list for each metric, and `generation`; NaN where there is no value."""
        table: dict[str, list[float]] = {"generation": []}
        for rows, point in enumerate(Tail(self._folder.path / JOURNAL).new()):
            table["generation"].append(point.step)
            for name, value in point.metrics.items():
                table.setdefault(name, [math.nan] * rows).append(value)
            for values in table.values():
                values.extend([math.nan] * (rows + 1 - len(values)))
        return table

    @cached_property
    def model(self) -> LoadedModel:
        """The trained model; of a run that has not finished, as its last checkpoint has it.

        Raises:
            RequestError: if there is none yet, or it cannot be used.
        """
        if (self._folder.path / "model" / kept_model.FACTS).is_file():
            return kept_model.load(self._folder.path / "model")
        return _of_checkpoint(self._folder)

    def _repr_html_(self) -> str:
        return self.record._repr_html_()

    def predict(self, path: str | Path) -> list[dict[str, str]]:
        """Returns what the model answers to each row of a file of data, by the names of columns.

        Raises:
            RequestError: naming the row or the column that does not fit.
        """
        from syntonic.runners.run.answers import answers

        header, rows = answers(self.model, str(path))
        return [dict(zip(header, row, strict=True)) for row in rows]


def opened(run: "str | Path | RunRecord", use: Sequence[str] = ()) -> TrainedRun:
    """Returns a run that was trained before.

    Args:
        run: "last", an id or its first letters, the folder of a run, or what `syntonic.run` returned.
        use: code of the user's own besides what the run keeps.

    Raises:
        RequestError: if there is no such run, or it needs code that was never used on this machine.
    """
    from syntonic.runners.run.listing import find

    place = run.folder if isinstance(run, RunRecord) else Path(run)
    if (place / FILE).is_file():
        return TrainedRun(read(place), use)
    return TrainedRun(find(str(run), lambda line: None), use)


def _of_checkpoint(folder: RunFolder) -> LoadedModel:
    from syntonic.runners.config import schema
    from syntonic.runners.run.build import build
    from syntonic.runners.run.resume import restore, state

    found = state(folder)
    if found is None:
        raise RequestError([f"run {folder.record.id} has no model yet: it has no checkpoint"])
    config = schema.check({**folder.record.config, "device": "cpu", "callbacks": {}, "init_from": None})
    parts = build(replace(config, tracking={"name": "none"}))
    restore(parts, found)
    return LoadedModel(parts.model, kept_model.facts_of_parts(parts, config))
