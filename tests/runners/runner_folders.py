"""Looks into the folders that runs leave behind."""

from pathlib import Path


def runs(folder: Path) -> list[Path]:
    """Returns the folders of the runs, oldest first."""
    return sorted((folder / ".syntonic" / "runs").glob("*"))


def arrays(run: Path) -> bytes:
    """Returns the bytes of a run's newest parameters."""
    return max((run / "checkpoints").glob("gen-*/state.safetensors")).read_bytes()
