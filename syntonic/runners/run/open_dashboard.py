"""Where a run's page is in a dashboard: the address of one that is open, or the command that opens it there."""

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from syntonic.runners.command.help import command
from syntonic.tracking import plain, process
from syntonic.tracking.process import Identity
from syntonic.tracking.stores import dashboard

_FILE: Final = "ui.json"
_FORMAT: Final = 1


@dataclass(frozen=True)
class Open:
    """A dashboard that is open."""

    address: str
    process: Identity


def say(home: Path, address: str) -> None:
    """Writes down that this process shows the runs of a home at an address, until `forget`."""
    with contextlib.suppress(OSError):  # then a run's end names the command instead
        plain.write_json(home / _FILE, {"format": _FORMAT, **asdict(Open(address, process.own()))})


def forget(home: Path) -> None:
    """Takes back what this process has said."""
    found = _found(home)
    if found is not None and found.process == process.own():
        (home / _FILE).unlink(missing_ok=True)


def page(home: Path, id: str, tracked_as: str | None, store: str, *, served: bool) -> str | None:
    """Returns where the page of a run or a sweep is, None if there is none.

    Args:
        home: of the run.
        id: the run's own id.
        tracked_as: the store's id of it.
        store: the store's address.
        served: whether `syntonic-run ui` can show it.
    """
    if store.startswith(("http://", "https://")) and tracked_as:
        return dashboard.run_address(store.rstrip("/"), tracked_as)
    if not served:
        return None
    found = _found(home)
    if found is not None and found.process.alive() and tracked_as:
        return dashboard.run_address(found.address, tracked_as)
    return command(f"syntonic-run ui {id}" if tracked_as else "syntonic-run ui")


def _found(home: Path) -> Open | None:
    try:
        return plain.read(home / _FILE, Open, _FORMAT)
    except (OSError, ValueError):
        return None
