"""A home with a store, and runs to record in it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking.base import Ending, Receipt, Run
from syntonic.tracking.client import request
from syntonic.tracking.mlflow import MlflowTracker
from syntonic.tracking.spool import Spool
from syntonic.tracking.stores import address
from syntonic.tracking.stores.connection import connect

Recorder = Callable[..., Receipt]


class Step:
    """One generation with as many metrics as asked for."""

    def __init__(self, generation: int, keys: int = 3) -> None:
        self.generation = generation
        self._keys = keys

    def metrics(self) -> dict[str, float]:
        return {f"m{key:03}": self.generation + key / 1000 for key in range(self._keys)}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests: to create it is what takes time."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "runs" / "first"
    folder.mkdir(parents=True)
    first = request(Run("first", "first", folder, home, {}, {}), None, "syntonic")
    Spool(folder).begin(first)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(home / "cache"))
        connect(Spool(folder), first)
    assert list((home / "cache").glob("syntonic/mlflow-*.db")), "the next folder is to get a copy"
    return home


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    """A run that is new, with its folder."""
    folder = home / "runs" / f"{tmp_path.parent.name}-{tmp_path.name}"
    folder.mkdir()
    return Run(
        id=folder.name,
        title="a title",
        folder=folder,
        home=home,
        config={"seed": 0},
        params={f"p.{key}": str(key) for key in range(150)},
        tags={"config_hash": "def"},
        started=1_000_000.0,
    )


@pytest.fixture
def client(home: Path) -> Any:
    """MLflow's own client on the store: what it reads is what counts."""
    from mlflow import MlflowClient

    return MlflowClient(address.local(home))


@pytest.fixture
def record() -> Recorder:
    """Records a run whole, with whatever process that takes."""

    def record(run: Run, steps: Iterable[Step], ending: Ending, **settings: Any) -> Receipt:
        tracker = MlflowTracker(**settings)
        tracker.start(run)
        for step in steps:
            tracker.log(step)
        return tracker.finish(ending)

    return record


@pytest.fixture
def steps() -> Callable[..., Iterator[Step]]:
    """Makes the generations of a range."""
    return lambda *limits, keys=3: (Step(number, keys) for number in range(*limits))
