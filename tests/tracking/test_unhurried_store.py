"""A store that is slow, that refuses one thing, or had no room: the rest arrives, and what is missing is told."""

import errno
import itertools
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking.base import Ending, Run, Status
from syntonic.tracking.client import request
from syntonic.tracking.journal import JOURNAL, Journal, Point
from syntonic.tracking.spool import Spool
from syntonic.tracking.stores import address, connection, sqlite
from syntonic.tracking.stores.remote import Model
from syntonic.tracking.stream import Stream
from syntonic.tracking.uploader import Uploader, not_uploaded


class Store:
    """A record in memory; what `refuses` names raises."""

    def __init__(self, refuses: Sequence[str] = (), seconds: float = 0.0) -> None:
        self.id, self.refuses, self.seconds = "id", set(refuses), seconds
        self.points: list[Point] = []
        self.kept: dict[str, Model] = {}
        self.files: set[str] = set()
        self.called: list[str] = []
        self.requests: list[int] = []

    def _call(self, name: str) -> None:
        self.called.append(name)
        if name in self.refuses:
            raise RuntimeError(f"no {name}")

    def last_step(self, *, system: bool = False) -> int:
        return 0 if system else max((point.step for point in self.points), default=0)

    def log_points(self, points: Sequence[Point]) -> None:
        time.sleep(self.seconds)
        self.requests.append(sum(len(point.metrics) for point in points))
        self.points += points

    def models(self) -> set[str]:
        return set(self.kept)

    def add_model(self, model: Model) -> None:
        self._call(f"add {model.key}")
        self.kept[model.key] = model

    def drop_model(self, key: str) -> None:
        self._call(f"drop {key}")
        del self.kept[key]

    def log_file(self, name: str, path: Path) -> None:
        assert path.is_file()
        self._call(name)
        self.files.add(name)

    def log_text(self, name: str, text: str) -> None:
        self._call(name)

    def tag(self, tags: dict[str, str]) -> None:
        self.called += tags

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def measured(run: Run, generations: int, keys: int = 2) -> None:
    """Writes a journal, and what is to be recorded."""
    journal = Journal(run.folder / JOURNAL)
    for step in range(1, generations + 1):
        journal.append(step, {f"m{key}": float(step) for key in range(keys)})
    journal.close()
    Spool(run.folder).begin(request(run, None, "syntonic"))


def checkpoints(run: Run, *steps: int) -> None:
    """Makes folders of checkpoints, and removes others."""
    shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)
    for step in steps:
        folder = run.folder / "checkpoints" / f"gen-{step:08}"
        folder.mkdir(parents=True)
        (folder / "state.safetensors").write_bytes(b"x")


def uploader(run: Run, store: Any) -> Uploader:
    """Returns one for this store."""
    spool = Spool(run.folder)
    asked = spool.read_request()
    assert asked is not None
    return Uploader(spool, asked, lambda *_: store, "memory")


def test_what_lags_behind_does_not_hold_up_checkpoints_and_heartbeat(run: Run) -> None:
    store = Store(seconds=0.02)
    measured(run, 30_000)
    checkpoints(run, 30_000)
    one = uploader(run, store)
    began = time.monotonic()
    assert one.advance(0.2)
    assert time.monotonic() - began < 3
    assert one.has_more
    assert 0 < len(store.points) < 30_000
    assert "heartbeat" in store.called
    assert set(store.kept) == {"gen-00030000"}
    store.seconds = 0.0
    assert one.conclude(None, 0.0).whole
    assert [point.step for point in store.points] == list(range(1, 30_001)), "in order, every one once"
    assert max(store.requests) <= 1000


@pytest.mark.parametrize("keys", [1, 3, 999, 1000])
def test_a_stream_that_is_cut_short_goes_on_where_it_was(run: Run, monkeypatch: pytest.MonkeyPatch, keys: int) -> None:
    measured(run, 120, keys)
    ticks = itertools.count()
    monkeypatch.setattr("syntonic.tracking.stream.time.monotonic", lambda: next(ticks))
    store = Store()
    stream = Stream(run.folder / JOURNAL, store)  # type: ignore[arg-type]
    rounds = 0
    while stream.send(0.0):
        rounds += 1
    assert rounds == 4
    assert [point.step for point in store.points] == list(range(1, 121))
    assert not stream.send(0.0)


def test_one_checkpoint_that_is_refused_keeps_nothing_else_and_is_said(run: Run) -> None:
    measured(run, 20)
    checkpoints(run, 5, 10)
    store = Store()
    assert uploader(run, store).advance()
    assert set(store.kept) == {"gen-00000005", "gen-00000010"}
    checkpoints(run, 15, 20)
    (run.folder / "model").mkdir()
    (run.folder / "model" / "MLmodel").write_text("x")
    refused = "checkpoints/gen-00000015/state.safetensors"
    store.refuses = {"drop gen-00000005", refused, "report.html"}
    spool = Spool(run.folder)
    spool.end(Ending(Status.FINISHED, 20, {"test_loss": 0.5}), 1)
    ended = uploader(run, store).conclude(spool.read_end(), 0.0)
    assert set(store.kept) == {"gen-00000005", "model"}, "a finished run's checkpoints are files"
    assert store.files == {"checkpoints/gen-00000020/state.safetensors"}
    assert not ended.whole
    told = "; ".join(ended.problems)
    for what in ("remove gen-00000005", "upload the checkpoint gen-00000015", "upload its report"):
        assert f"memory: could not {what}: RuntimeError" in told
    assert run.folder in [found.run_folder for found in not_uploaded(run.home)]
    store.refuses = set()
    assert uploader(run, store).conclude(spool.read_end(), 0.0).whole
    assert set(store.kept) == {"model"}
    assert refused in store.files


def test_a_model_that_is_not_registered_is_missing(run: Run) -> None:
    measured(replace(run), 3)
    spool = Spool(run.folder)
    spool.begin(replace(request(run, None, "syntonic"), register="m@best"))
    spool.end(Ending(Status.FINISHED, 3, {"test_loss": 0.5}), 1)
    asked = spool.read_request()
    assert asked is not None

    def register(*_: str) -> None:
        raise ValueError("it keeps no model")

    ended = Uploader(spool, asked, lambda *_: Store(), "memory", register).conclude(spool.read_end(), 0.0)
    assert (ended.whole, len(ended.problems)) == (False, 1)
    assert "could not register the model as m@best" in ended.problems[0]


def test_a_database_for_which_there_was_no_room_is_not_there(
    home: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "home"
    folder = place / "runs" / "one"
    folder.mkdir(parents=True)
    asked = request(replace(run, folder=folder, home=place), None, "syntonic")
    Spool(folder).begin(asked)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    copy = shutil.copyfile

    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:200_000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        connection.connect(Spool(folder), asked)
    assert sorted(path.name for path in place.iterdir()) == ["mlflow.lock", "runs"], "nothing half made"
    monkeypatch.setattr(shutil, "copyfile", copy)
    connection.connect(Spool(folder), asked).release()
    assert sqlite.known(place / "mlflow.db")
    with sqlite3.connect(place / "mlflow.db") as made:
        assert made.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("harm", [lambda data: data[:100_000], lambda data: b"\0" * 4096 + data[4096:]])
def test_a_damaged_database_is_named_with_what_to_move(
    home: Path, run: Run, tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    place = tmp_path / "home"
    folder = place / "runs" / "one"
    folder.mkdir(parents=True)
    measured(replace(run, folder=folder, home=place), 3)
    (template,) = (home / "cache").glob("syntonic/mlflow-*.db")
    (place / "mlflow.db").write_bytes(harm(template.read_bytes()))
    spool = Spool(folder)
    asked = spool.read_request()
    assert asked is not None
    one = Uploader(spool, asked, connection.connect, address.local(place))
    ended = one.conclude(None, 0.0)
    assert not ended.whole
    assert f"{place / 'mlflow.db'} is damaged" in ended.problems[0]
    assert f"move mlflow.db* out of {place}" in ended.problems[0]
    assert json.loads((folder / "tracking" / "receipt.json").read_text())["whole"] is False
