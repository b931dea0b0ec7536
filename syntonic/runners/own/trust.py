"""Which code of one's own may be executed without being named again: what this user has named with `--use` before.

A run's folder, like a tracking store, may be of another's making. What it keeps is executed only if its very bytes were
named with `--use` on this machine; a digest for each is kept in the user's own folder, never beside the runs.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from syntonic.runners.own.source import Source


def trust(source: Source) -> None:
    """Remembers that the user has named a source; a disk that refuses it means to name it again next time."""
    place = _folder()
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        (place / _key(source)).touch()


def is_trusted(source: Source) -> bool:
    """Returns whether the user has named a source with these very bytes before, on this machine."""
    return (_folder() / _key(source)).is_file()


def _folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "syntonic" / "used"


def _key(source: Source) -> str:
    # The name of a module is the code; the bytes of a file are, whatever it is called.
    return source.digest if source.is_file else hashlib.sha256(f"{source.name} {source.digest}".encode()).hexdigest()
