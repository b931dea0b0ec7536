"""Looks into the folders that runs leave behind."""

import json
from pathlib import Path
from typing import Any


def runs(folder: Path) -> list[Path]:
    """Returns the folders of the runs, oldest first."""
    return sorted((folder / ".syntonic" / "runs").glob("*"))


def arrays(run: Path) -> bytes:
    """Returns the bytes of a run's newest parameters."""
    return max((run / "checkpoints").glob("gen-*/state.safetensors")).read_bytes()


def facts(run: Path) -> dict[str, Any]:
    """Returns what `run.json` says."""
    return json.loads((run / "run.json").read_text())  # type: ignore[no-any-return]
