"""Brings what a run's folder holds to a store, again and again until the store has everything.

Only the folder counts: whatever failed, or whoever was killed, the next delivery asks the store for the newest step
that it has and goes on from there. So no point is lost, and none is there twice.
"""

import contextlib
import json
import math
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from syntonic.tracking import checkpoint, links, machine, report
from syntonic.tracking.base import Ending, Provenance, Status
from syntonic.tracking.journal import JOURNAL, Point, Tail
from syntonic.tracking.outbox import Delivered, End, Filed, Outbox, OutboxError, Request, inside, safe_name
from syntonic.tracking.remote import Model, Remote
from syntonic.tracking.report import lattice
from syntonic.tracking.report.history import History
from syntonic.tracking.stream import Stream

_HEARTBEAT: Final = 20.0  # seconds between two signs of life
_MODELS: Final = 5.0  # seconds between two looks at the checkpoints
_LONGEST_PAUSE: Final = 30.0  # seconds between two attempts
_NOBODY: Final = ("ConnectionRefusedError", "NewConnectionError", "ConnectTimeout", "NameResolutionError")

Connect = Callable[[Outbox, Request], Remote]
Register = Callable[[str, str, str], None]


class Delivery:
    """The delivery of one run.

    Args:
        outbox: of the run, held by this process.
        request: what is to be recorded.
        connect: opens the record in the store.
        store: the store's address.
        register: makes a run's model known by a name: called with the store, the run's id there, and the name.
    """

    def __init__(
        self, outbox: Outbox, request: Request, connect: Connect, store: str, register: Register | None = None
    ) -> None:
        self._outbox, self._request, self._connect, self._store = outbox, request, connect, store
        self._register = register
        self._remote: Remote | None = None
        self._streams: list[Stream] = []
        self._history = History()
        self._early: set[str] = set()  # models that were kept before the run's results were known
        self._pictures: dict[str, tuple[str, bytes] | None] = {}
        self._pause, self._next_try = 0.5, 0.0
        self._next_heartbeat = self._next_models = 0.0
        self._problems: list[str] = []
        self.failure: str | None = None

    def advance(self, *, last: bool = False) -> bool:
        """Sends what is new; returns whether that worked. After a failure it waits before it tries again.

        Args:
            last: whether no generation follows, so that the end can be got ready while the run evaluates its result.
        """
        now = time.monotonic()
        if now < self._next_try:
            return False
        try:
            remote = self._remote or self._open()
            for stream in self._streams:
                stream.send()
            if now >= self._next_heartbeat:
                remote.tag({"heartbeat": datetime.now(UTC).isoformat(timespec="seconds")})
                self._next_heartbeat = now + _HEARTBEAT
            if last:
                self._next_models = math.inf  # the last checkpoint is kept with the results, which are not there yet
                self._attempt("its pictures", self._draw)
            if now >= self._next_models:
                self._attempt("a checkpoint", lambda: self._keep_models(remote, None))
                self._next_models = time.monotonic() + _MODELS
        except Exception as error:  # whatever a store's client raises: the folder keeps everything, and we try again
            self._failed(error)
            return False
        self._pause, self.failure = 0.5, None
        return True

    def conclude(self, end: End | None, patience: float) -> Delivered:
        """Sends the rest and closes the record.

        Args:
            end: how the run ended; None: its process is gone and did not say.
            patience: seconds for which a store that fails is tried again.
        """
        deadline = time.monotonic() + patience
        while True:
            self._next_try = 0.0
            self._problems.clear()
            if self.advance():
                try:
                    assert self._remote is not None
                    self._end(self._remote, end)
                    break
                except Exception as error:
                    self._failed(error)
            if time.monotonic() + self._pause > deadline:
                break
            time.sleep(self._pause)
        filed = self._outbox.read_filed()
        problems = [*self._problems, *([self.failure] if self.failure else [])]
        delivered = Delivered(self._store, filed.run_id if filed else "", self.failure is None, problems)
        self._outbox.receipt(delivered)
        return delivered

    def release(self) -> None:
        """Lets go of the store."""
        if self._remote is not None:
            self._remote.release()
            self._remote = None

    def _open(self) -> Remote:
        remote = self._connect(self._outbox, self._request)
        self._outbox.file(Filed(self._store, remote.id))
        request, origin = self._request, self._outbox.read_origin() or Provenance({}, {})
        process = request.process
        about = {"folder": str(self._outbox.run_folder.resolve()), "process": f"{process.host} {process.pid}"}
        texts = {f"provenance/{name}": text for name, text in origin.files.items()}
        texts["config.json"] = json.dumps(request.config, indent=1)
        tags = {**origin.tags, **request.tags, **about, **self._parent()}
        remote.describe(request.params, tags, {safe_name(name): text for name, text in texts.items()})
        self._history = History()
        self._streams = [
            Stream(self._outbox.run_folder / JOURNAL, remote, seen=self._history.add),
            Stream(self._outbox.folder / machine.JOURNAL, remote, system=True),
        ]
        self._remote = remote
        return remote

    def _draw(self) -> None:
        # What takes longest of the end, and is known before it.
        self._history.figures()
        folder = checkpoint.newest(self._outbox.run_folder / "checkpoints")
        if folder is not None and checkpoint.generation(folder) == self._history.last_step:
            self._pictures[folder.name] = lattice.pictures(folder / checkpoint.ARRAYS)

    def _parent(self) -> dict[str, str]:
        # Of a run that began while the store was away: there was no entry of its sweep then.
        sweep = self._request.tags.get("sweep", "")
        if self._request.parent or not sweep.isalnum() or self._request.run == sweep:
            return {}
        try:
            filed = Outbox(self._outbox.home / "sweeps" / sweep).read_filed()
        except OutboxError:
            return {}
        return {"mlflow.parentRunId": filed.run_id} if filed and filed.store == self._store else {}

    def _new_tail(self) -> Tail:
        return Tail(self._outbox.run_folder / JOURNAL)

    def _end(self, remote: Remote, end: End | None) -> None:
        if end is None:
            last = max((point for point in self._new_tail().new()), key=lambda point: point.step, default=None)
            ended = last.time if last else int(self._request.started * 1000)
            end = End(Ending(Status.KILLED, last.step if last else 0, tags={"killed": "its process is gone"}), ended)
        ending = end.ending
        self._attempt("the final metrics", lambda: remote.log_results(ending.results, ending.step, end.time))
        self._attempt("a checkpoint", lambda: self._keep_models(remote, end))
        tags = {**ending.tags, **({"mlflow.note.content": ending.note} if ending.note else {})}
        if tags:
            self._attempt("its tags", lambda: remote.tag(tags))
        for name, text in ending.texts.items():
            self._attempt(name, lambda: remote.log_text(safe_name(name), text))  # noqa: B023 (called at once)
        self._attempt("its report", lambda: self._log_report(remote))
        for name, folder in ending.folders.items():
            self._attempt(name, lambda: self._log_folder(remote, name, folder))  # noqa: B023 (called at once)
        remote.close(ending.status, end.time)
        wanted, register = self._request.register, self._register
        if wanted and register and ending.status is Status.FINISHED:
            self._attempt(f"the model as {wanted}", lambda: register(self._store, remote.id, wanted))

    def _log_folder(self, remote: Remote, name: str, folder: Path) -> None:
        for path in files_of(inside(self._outbox.run_folder, folder)):
            remote.log_file(safe_name(f"{name}/{path.name}"), path)

    def _log_report(self, remote: Remote) -> None:
        if self._request.tags.get("kind") != "sweep":  # a sweep brings its own
            remote.log_text("report.html", report.run_page(self._outbox, self._history))

    def _keep_models(self, remote: Remote, end: End | None) -> None:
        # What the folder keeps, the store keeps; what was removed here is removed there.
        kept = {folder.name: folder for folder in self._outbox.run_folder.glob("checkpoints/gen-????????")}
        if end is not None and (self._outbox.run_folder / "model").is_dir():
            kept["model"] = self._outbox.run_folder / "model"
        there = remote.models()
        results_of = {checkpoint.folder_name(end.ending.step)} if end is not None and end.ending.results else set()
        incomplete = results_of & self._early & there
        for key in sorted((there - kept.keys()) | incomplete):
            remote.drop_model(key)
        there -= incomplete
        self._early -= incomplete
        for key in sorted(kept.keys() - there):
            step = end.ending.step if end is not None and key == "model" else checkpoint.generation(kept[key])
            model = self._model(key, step, kept, end)
            remote.add_model(model)
            self._early |= {key} if end is None else set()
            pictures = self._pictures.pop(key, None) or lattice.pictures(kept[key] / checkpoint.ARRAYS)
            if pictures is not None:
                remote.log_text(f"figures/lattice-{key}.svg", pictures[0])
                self._log_image(remote, "lattice", model, pictures[1])

    def _model(self, key: str, step: int, kept: dict[str, Path], end: End | None) -> Model:
        point = self._new_tail().find(step) or Point(step, 0, {})
        last = end is not None and step == end.ending.step
        metrics = {**point.metrics, **(end.ending.results if end is not None and last else {})}
        title = re.sub(r"[^\w-]+", "-", self._request.title)[:150]
        return Model(key, f"{title}-{key}", step, files_of(kept[key]), self._request.params, metrics, point.time)

    def _log_image(self, remote: Remote, title: str, model: Model, picture: bytes) -> None:
        # MLflow reads title, step and time off an image's name, and wants a smaller one beside it for overviews.
        own = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._request.run}/{title}/{model.step}")
        name = f"{title}+step+{model.step}+timestamp+{model.time}+{own}"
        with tempfile.TemporaryDirectory() as place:
            for path in (Path(place, f"{name}.png"), Path(place, f"{name}+compressed.png")):
                path.write_bytes(picture)
                remote.log_file(f"images/{path.name}", path)
        remote.tag({"mlflow.loggedImages": "True"})

    def _failed(self, error: Exception) -> None:
        with contextlib.suppress(Exception):  # a store's client may raise anything, and has failed already
            self.release()
        self._remote = None
        self.failure = f"{self._store}: {short(error)}; everything is kept in {self._outbox.run_folder}"
        with (
            contextlib.suppress(OSError),
            open(self._outbox.folder / "error.txt", "w", encoding="utf-8", opener=links.stay) as file,
        ):
            import traceback  # most runs need it never

            file.write(traceback.format_exc())
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        # One thing that cannot be stored must not keep the rest, and the true status, from being stored.
        try:
            action()
        except Exception as error:
            self._problems.append(f"{self._store} did not take {what}: {short(error)}")


def files_of(folder: Path) -> list[Path]:
    """Returns the regular files of a folder; a link could show a stranger's file and is left out."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())


def undelivered(home: Path) -> Iterator[Outbox]:
    """Yields the outboxes under a home of which something may not have reached its store: sweeps, then runs by age."""
    requests = home.glob("*/*/tracking/request.json")
    for request in sorted(requests, key=lambda path: (path.parts[-4] != "sweeps", path)):
        outbox = Outbox(request.parent.parent)
        try:
            receipt = outbox.read_receipt()  # it is short, and mostly there is nothing more to ask
            asked = outbox.read_request() if receipt is None or not receipt.whole else None
        except OutboxError:
            continue
        if asked is not None and asked.tracked:
            yield outbox


def short(error: Exception) -> str:
    """Returns one line that tells why a store did not answer."""
    reason: BaseException | None = error
    while reason is not None:  # what a client says of a server that is away is as long as it is deep
        if type(reason).__name__ in _NOBODY:
            return "nobody answers there"
        reason = reason.__cause__ or reason.__context__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no reason given'}"
