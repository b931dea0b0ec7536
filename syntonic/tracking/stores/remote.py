"""What an uploader asks of a store: the record of one run, written piece by piece, any piece again after a failure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from syntonic.tracking.base import Status
from syntonic.tracking.journal import Point

_DIGEST: Final = 36  # characters
CONTEXT: Final = ("mlflow.data.context", "training")  # what MLflow's pages say of a data set
_GIT: Final = ("commit", "branch", "dirty", "repoURL")  # the names that MLflow's own pages look for


@dataclass(frozen=True)
class Model:
    """A checkpoint to keep in the store.

    Attributes:
        key: its name within the run.
        name: what people read.
        step: the generation after which it was written.
        files: to be kept with it.
        params: facts that do not change.
        metrics: what was measured of it.
        time: of the measurement, in milliseconds since 1970.
    """

    key: str
    name: str
    step: int
    files: Sequence[Path]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    time: int


class Remote(Protocol):
    """A run's record in a store. A method that is called again with the same arguments changes nothing."""

    id: str

    def describe(self, params: Mapping[str, str], tags: Mapping[str, str], texts: Mapping[str, str]) -> None:
        """Stores where the run comes from; parameters that are there already stay as they are."""
        ...

    def log_inputs(self, inputs: Mapping[str, str]) -> None:
        """Stores which data sets the run reads: the SHA-256 of each by its name."""
        ...

    def last_step(self, *, system: bool = False) -> int:
        """Returns the newest step of which a metric is stored, 0 for none; `system`: of the machine's metrics."""
        ...

    def log_points(self, points: Sequence[Point]) -> None:
        """Stores points in their order, each of them whole or not at all."""
        ...

    def log_results(self, results: Mapping[str, float], step: int, time: int) -> None:
        """Stores the final metrics that are not stored yet."""
        ...

    def log_text(self, name: str, text: str) -> None:
        """Stores a text as a file."""
        ...

    def log_file(self, name: str, path: Path) -> None:
        """Stores a file under a name, which may have folders in it."""
        ...

    def tag(self, tags: Mapping[str, str]) -> None:
        """Stores short facts in the place of earlier ones."""
        ...

    def models(self) -> set[str]:
        """Returns the keys of the run's models that are stored whole."""
        ...

    def add_model(self, model: Model) -> None:
        """Stores a model with its files and metrics; of one that is there whole, the metrics that it has not got."""
        ...

    def drop_model(self, key: str) -> None:
        """Removes a model and its files."""
        ...

    def close(self, status: Status, time: int) -> None:
        """Ends the record; `time` is in milliseconds since 1970."""
        ...

    def release(self) -> None:
        """Lets go of the store; nothing else is called after it."""
        ...


def digest_of(sha256: str) -> str:
    """Returns as much of a digest as MLflow keeps of one."""
    return sha256[:_DIGEST]


def source_of(name: str, sha256: str) -> str:
    """Returns what MLflow shows of where data comes from; the whole digest is there."""
    return json.dumps({"uri": name, "sha256": sha256})


def in_the_bin(run_id: str) -> str:
    """Returns what to say of a run that was deleted in the dashboard, where it is on no page any more."""
    return (
        f"run {run_id} was deleted in the dashboard: restore it there, among the deleted runs, and `syntonic-run sync` "
        "sends what is missing; or start a new run"
    )


def tag_name(key: str) -> str:
    """Returns the name under which MLflow keeps one of our tags; those that the user gave keep their names.

    >>> tag_name("git.commit"), tag_name("device"), tag_name("mlflow.note.content"), tag_name("own.team")
    ('mlflow.source.git.commit', 'syntonic.device', 'mlflow.note.content', 'team')
    """
    family, _, name = key.partition(".")
    if family == "own":
        return name
    if family == "git" and name in _GIT:
        return f"mlflow.source.git.{name}"
    return key if family == "mlflow" else f"syntonic.{key}"
