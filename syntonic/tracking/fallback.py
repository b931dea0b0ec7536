"""Where a run is saved that its disk refuses: a folder in the system's temporary one, laid out like the run's own."""

import tempfile
from pathlib import Path
from typing import Final

_MADE: Final[dict[str, Path]] = {}


def fallback_folder(run: str) -> Path:
    """Returns the folder that stands in for the one of a run; made when it is first asked for.

    Raises:
        OSError: if that cannot be written either.
    """
    if run not in _MADE:
        _MADE[run] = Path(tempfile.mkdtemp(prefix=f"syntonic-{run}-"))
    return _MADE[run]


def fallback_used(run: str) -> Path | None:
    """Returns that folder if anything was saved there."""
    return _MADE.get(run)
