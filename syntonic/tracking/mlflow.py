"""MLflow: one MLflow run per run, recorded by a process of its own."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.tracking import writer_process
from syntonic.tracking.base import Ending, Past, Receipt, Record, Run
from syntonic.tracking.client import Client, request
from syntonic.tracking.copies import Copies, Format
from syntonic.tracking.stores import address, connection, mlflow_run
from syntonic.tracking.writer_process import WriterProcess

_TAG: Final = re.compile(r"[\w .:/-]{1,200}", re.ASCII)


@register("tracking", "mlflow")
class MlflowTracker:
    """Records a run in MLflow, through a process of its own.

    Args:
        uri: tracking URI; null: a SQLite database in the root of all runs.
        experiment: the MLflow experiment that the run belongs to; created if it is not there.
        register_as: `name` or `name@alias`: the model of a finished run becomes a version of this registered model, and
            gets the alias; null: it is not registered.
        tags: your own, to find the run by, as `tags={team: vision}`.
        note: what a reader of the run's page sees first, in Markdown.
        system_seconds: between two looks at processors, memory and GPUs, one of them at the end; null: none are taken.
        also: files for other programs, in the run's folder: `csv`, `tensorboard` and `wandb`.

    Raises:
        ValueError: if `uri`, `register_as` or the name of a tag is of another form, or if the package that a file needs
            is not installed.
    """

    _client: Client
    _writer: WriterProcess | None = None

    def __init__(
        self,
        *,
        uri: str | None = None,
        experiment: str = "syntonic",
        register_as: str | None = None,
        tags: dict[str, str] | None = None,
        note: str | None = None,
        system_seconds: Annotated[float, Ge(1)] | None = 10.0,
        also: Sequence[Format] = (),
    ) -> None:
        self._uri = None if uri is None else address.checked(uri)
        self._tags = {f"own.{_tag(key)}": value for key, value in (tags or {}).items()}
        if note:
            self._tags["mlflow.note.content"] = note
        self._experiment = experiment
        self._copies = Copies(also)
        self._system_seconds = system_seconds
        self._register = mlflow_run.registered_name(register_as) if register_as is not None else None

    def prepare(self) -> None:
        """Starts the process, which then waits for the run."""
        with contextlib.suppress(OSError):  # `start` tries again, and tells
            self._writer = writer_process.first()

    def dismiss(self) -> None:
        """Ends the process if it has got no run."""
        if self._writer is not None:
            self._writer.dismiss()
            self._writer = None

    def start(self, run: Run) -> None:
        """Opens the journal and gives the run to the process."""
        uri = self._uri or address.local(run.home)
        run = replace(run, tags={**self._tags, **run.tags})
        asked = request(run, self._uri, self._experiment, register=self._register, watch=self._system_seconds)
        writer, self._writer = self._writer, None
        self._client = Client(run, asked, uri, served=uri.startswith("sqlite:"), writer=writer)
        self._copies.start(run)

    def log(self, record: Record) -> None:
        """Writes one generation down."""
        self._client.log(record)

    def flush(self, *, last: bool = False) -> None:
        """Writes the journal to the disk."""
        self._client.flush(last=last)
        self._copies.update()

    def finish(self, ending: Ending) -> Receipt:
        """Says how the run ended and waits until the store has everything."""
        receipt = self._client.finish(ending)
        self._copies.finish(ending)
        return replace(receipt, problems=[*receipt.problems, *self._copies.problems])

    def finished(self, home: Path) -> Sequence[Past]:
        """Asks the store for its finished runs; a local one that is not there yet is not created for that."""
        return connection.finished(self._uri or address.local(home), self._experiment)


def _tag(name: str) -> str:
    if not _TAG.fullmatch(name) or name.startswith(("mlflow.", "syntonic.")):
        raise ValueError(
            f"tag {name[:60]!r}: must be of letters, digits and - _ . : /, and not begin with mlflow. or syntonic."
        )
    return name
