"""Uploads what a run's folder holds to a store, again and again until the store has everything.

Only the folder counts: whatever failed, or whatever was killed, the next upload asks the store for the newest step that
it has and continues from there. So no point is lost, and none is there twice.
"""

import contextlib
import json
import math
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from syntonic.tracking import checkpoint, links, machine, metric_names, report
from syntonic.tracking.base import Ending, Provenance, Status
from syntonic.tracking.journal import JOURNAL, Point, Tail
from syntonic.tracking.report import lattice
from syntonic.tracking.report.history import History
from syntonic.tracking.spool import End, Request, Spool, SpoolError, StoredAs, Upload, inside, safe_name
from syntonic.tracking.stores import address
from syntonic.tracking.stores.remote import Model, Remote
from syntonic.tracking.stream import Stream

_SLICE: Final = 0.5  # seconds for points before something else has its turn
_HEARTBEAT: Final = 20.0  # seconds between two signs of life
_MODELS: Final = 5.0  # seconds between two looks at the checkpoints
_LONGEST_PAUSE: Final = 30.0  # seconds between two attempts
_TURNED_AWAY: Final = re.compile(
    r"\b(401|403)\b|unauthori[sz]ed|unauthenticated|permission_denied|authentication failed|access denied",
    re.IGNORECASE,
)
_NOBODY: Final = ("ConnectionRefusedError", "NewConnectionError", "ConnectTimeout", "NameResolutionError")

Connect = Callable[[Spool, Request], Remote]
Register = Callable[[str, str, str], None]


class Uploader:
    """Uploads one run.

    Args:
        spool: of the run, held by this process.
        request: what is to be recorded.
        connect: opens the record in the store.
        store: the store's address.
        register: makes a run's model known by a name: called with the store, the run's id there, and the name.
    """

    def __init__(
        self, spool: Spool, request: Request, connect: Connect, store: str, register: Register | None = None
    ) -> None:
        self._spool, self._request, self._connect, self._store = spool, request, connect, store
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
        self.has_more = False

    def advance(self, seconds: float = _SLICE, *, last: bool = False) -> bool:
        """Sends what is new, for about so many seconds; returns whether that worked.

        After a failure it waits before it tries again. `has_more` says afterwards whether there was more to send: of
        a run that measures faster than its store takes it, checkpoints and signs of life are not to wait for the end.

        Args:
            seconds: for points.
            last: whether no generation follows, so that the end can be got ready while the run evaluates its result.
        """
        now = time.monotonic()
        if now < self._next_try:
            return False
        try:
            remote = self._remote or self._open()
            self.has_more = any([stream.send(seconds) for stream in self._streams])
            if now >= self._next_heartbeat:
                remote.tag({"heartbeat": datetime.now(UTC).isoformat(timespec="seconds")})
                self._next_heartbeat = now + _HEARTBEAT
            if last:
                self._next_models = math.inf  # the last checkpoint is kept with the results, which are not there yet
                self._attempt("draw its pictures", self._draw)
            if now >= self._next_models:
                self._keep_models(remote, None)
                self._next_models = time.monotonic() + _MODELS
        except Exception as error:  # whatever a store's client raises: the folder keeps everything, and we try again
            self._failed(error)
            return False
        self._pause, self.failure = 0.5, None
        return True

    def conclude(self, end: End | None, patience: float) -> Upload:
        """Sends the rest and closes the record.

        Args:
            end: how the run ended; None: its process is gone and did not say.
            patience: seconds for which a store that fails is tried again.
        """
        deadline = time.monotonic() + patience
        while True:
            self._next_try = 0.0
            self._problems.clear()
            if self.advance(math.inf):
                try:
                    assert self._remote is not None
                    self._end(self._remote, end)
                    break
                except Exception as error:
                    self._failed(error)
            if time.monotonic() + self._pause > deadline:
                break
            time.sleep(self._pause)
        stored_as = self._spool.read_stored_as()
        problems = list(dict.fromkeys([*self._problems, *([self.failure] if self.failure else [])]))
        upload = Upload(self._store, stored_as.run_id if stored_as else "", not problems, problems)
        self._spool.receipt(upload)
        return upload

    def release(self) -> None:
        """Lets go of the store."""
        if self._remote is not None:
            self._remote.release()
            self._remote = None

    def _open(self) -> Remote:
        remote = self._connect(self._spool, self._request)
        self._spool.file(StoredAs(self._store, remote.id))
        request, origin = self._request, self._spool.read_origin() or Provenance({}, {})
        process = request.process
        about = {"folder": str(self._spool.run_folder.resolve()), "process": f"{process.host} {process.pid}"}
        texts = {f"provenance/{name}": text for name, text in origin.files.items()}
        texts["config.json"] = json.dumps(request.config, indent=1)
        tags = {**origin.tags, **request.tags, **about, **self._parent()}
        remote.describe(request.params, tags, {safe_name(name): text for name, text in texts.items()})
        self._history = History()
        self._streams = [
            Stream(self._spool.run_folder / JOURNAL, remote, seen=self._history.add, named=self._point),
            Stream(self._spool.folder / machine.JOURNAL, remote, system=True),
        ]
        self._remote = remote
        return remote

    def _draw(self) -> None:
        # What takes longest of the end, and is known before it.
        folder = checkpoint.newest(self._spool.run_folder / "checkpoints")
        if folder is not None and checkpoint.generation(folder) == self._history.last_step:
            self._pictures[folder.name] = lattice.pictures(folder / checkpoint.ARRAYS)

    def _parent(self) -> dict[str, str]:
        # Of a run that began while the store was away: there was no entry of its sweep then.
        sweep = self._request.tags.get("sweep", "")
        if self._request.parent or not sweep.isalnum() or self._request.run == sweep:
            return {}
        try:
            stored_as = Spool(self._spool.home / "sweeps" / sweep).read_stored_as()
        except SpoolError:
            return {}
        return {"mlflow.parentRunId": stored_as.run_id} if stored_as and stored_as.store == self._store else {}

    def _point(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        return metric_names.point(metrics) if self._request.grouped else metrics

    def _results(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        return metric_names.results(metrics) if self._request.grouped else metrics

    def _new_tail(self) -> Tail:
        return Tail(self._spool.run_folder / JOURNAL)

    def _end(self, remote: Remote, end: End | None) -> None:
        if end is None:
            last = max((point for point in self._new_tail().new()), key=lambda point: point.step, default=None)
            ended = last.time if last else int(self._request.started * 1000)
            end = End(Ending(Status.KILLED, last.step if last else 0, tags={"killed": "its process is gone"}), ended)
        ending = end.ending
        if self._request.inputs:
            self._attempt("log its data", lambda: remote.log_inputs(self._request.inputs))
        results = self._results(ending.results)
        self._attempt("upload the final metrics", lambda: remote.log_results(results, ending.step, end.time))
        self._keep_models(remote, end)
        tags = {**ending.tags, **({"mlflow.note.content": ending.note} if ending.note else {})}
        if tags:
            self._attempt("set its tags", lambda: remote.tag(tags))
        for name, text in ending.texts.items():
            self._attempt(f"upload {name}", lambda: remote.log_text(safe_name(name), text))  # noqa: B023 (called at once)
        self._attempt("upload its report", lambda: self._log_report(remote))
        for name, folder in ending.folders.items():
            self._attempt(f"upload {name}", lambda: self._log_folder(remote, name, folder))  # noqa: B023 (called at once)
        remote.close(ending.status, end.time)
        wanted, register = self._request.register, self._register
        if wanted and register and ending.status is Status.FINISHED:
            self._attempt(f"register the model as {wanted}", lambda: register(self._store, remote.id, wanted))

    def _log_folder(self, remote: Remote, name: str, folder: Path) -> None:
        for path in files_of(inside(self._spool.run_folder, folder)):
            remote.log_file(safe_name(f"{name}/{path.name}"), path)

    def _log_report(self, remote: Remote) -> None:
        if self._request.tags.get("kind") != "sweep":  # a sweep brings its own
            remote.log_text("report.html", report.run_page(self._spool, self._history))

    def _keep_models(self, remote: Remote, end: End | None) -> None:
        # What the folder keeps, the store keeps; what was removed here is removed there.
        kept = {folder.name: folder for folder in checkpoint.folders(self._spool.run_folder / "checkpoints")}
        if end is not None and (self._spool.run_folder / "model").is_dir():
            kept["model"] = self._spool.run_folder / "model"
        there = self._models(remote)
        if there is None:
            return
        if "model" in kept:  # the models of an experiment are trained ones, one of each run; the rest are files of it
            for key in sorted(kept.keys() - {"model"}):
                pictured = None if key in there else self._model(key, checkpoint.generation(kept[key]), kept, end)
                self._keep_as_file(remote, key, kept.pop(key), pictured)
        with_results = end is not None and end.ending.results and "model" not in kept
        results_of = {checkpoint.folder_name(end.ending.step)} if end is not None and with_results else set()
        incomplete = results_of & self._early & there
        there -= incomplete
        self._early -= incomplete
        for key in sorted(kept.keys() - there):
            step = end.ending.step if end is not None and key == "model" else checkpoint.generation(kept[key])
            model = self._model(key, step, kept, end)
            if self._attempt(f"upload the checkpoint {key}", lambda: remote.add_model(model)):  # noqa: B023
                self._early |= {key} if end is None else set()
                self._attempt(f"upload the pictures of {key}", lambda: self._log_pictures(remote, model, kept[key]))  # noqa: B023
        for key in sorted(there - kept.keys()):  # last, so that there is always one
            self._attempt(f"remove {key}", lambda: remote.drop_model(key))  # noqa: B023 (called at once)

    def _keep_as_file(self, remote: Remote, key: str, folder: Path, pictured: Model | None) -> None:
        self._attempt(f"upload the checkpoint {key}", lambda: self._log_folder(remote, f"checkpoints/{key}", folder))
        if pictured is not None:
            self._attempt(f"upload the pictures of {key}", lambda: self._log_pictures(remote, pictured, folder))

    def _models(self, remote: Remote) -> set[str] | None:
        found: list[set[str]] = []
        self._attempt("list its checkpoints", lambda: found.append(remote.models()))
        return found[0] if found else None

    def _log_pictures(self, remote: Remote, model: Model, folder: Path) -> None:
        pictures = self._pictures.pop(model.key, None) or lattice.pictures(folder / checkpoint.ARRAYS)
        if pictures is not None:
            remote.log_text(f"figures/lattice-{model.key}.svg", pictures[0])
            self._log_image(remote, "lattice", model, pictures[1])

    def _model(self, key: str, step: int, kept: dict[str, Path], end: End | None) -> Model:
        point = self._new_tail().find(step) or Point(step, 0, {})
        last = end is not None and step == end.ending.step
        metrics = {
            **self._point(point.metrics),
            **self._results(end.ending.results if end is not None and last else {}),
        }
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
        self.failure = f"{self._store}: {short(error)}; everything is kept in {self._spool.run_folder}"
        with (
            contextlib.suppress(OSError),
            open(self._spool.folder / "error.txt", "w", encoding="utf-8", opener=links.stay) as file,
        ):
            import traceback  # most runs need it never

            file.write(traceback.format_exc())
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        # One thing that cannot be stored must not keep the rest, and the true status, from being stored.
        try:
            action()
        except Exception as error:
            self._problems.append(f"{self._store}: could not {what}: {short(error)}")
            return False
        return True


def files_of(folder: Path) -> list[Path]:
    """Returns the regular files of a folder; a link could show a stranger's file and is left out."""
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())


def not_uploaded(home: Path) -> Iterator[Spool]:
    """Yields the spools under a home that may not be uploaded whole: sweeps, then runs by age."""
    requests = home.glob("*/*/tracking/request.json")
    for request in sorted(requests, key=lambda path: (path.parts[-4] != "sweeps", path)):
        spool = Spool(request.parent.parent)
        try:
            receipt = spool.read_receipt()  # it is short, and mostly there is nothing more to ask
            asked = spool.read_request() if receipt is None or not receipt.whole else None
        except SpoolError:
            continue
        if asked is not None and asked.tracked:
            yield spool


def short(error: Exception) -> str:
    """Returns one line that tells why a store did not answer."""
    reason: BaseException | None = error
    while reason is not None:  # what a client says of a server that is away is as long as it is deep
        if type(reason).__name__ in _NOBODY:
            return "connection refused"
        reason = reason.__cause__ or reason.__context__
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {lines[0][:300] if lines else 'no reason given'}"
    return said + (f"; {address.credentials()}" if _TURNED_AWAY.search(said) else "")
