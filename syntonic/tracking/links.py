"""Links in a folder of another's making: what is written to one lands elsewhere, so that such a folder is refused."""

import os
from pathlib import Path


def stay(path: str, flags: int) -> int:
    """Opens a file as `open` does, whose `opener` it is; raises OSError for a link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


def refuse(folder: Path, but: str = "") -> None:
    """Does nothing if a folder holds plain files and folders alone.

    Args:
        folder: to look into.
        but: a folder in it that may hold anything, since nothing there is written to once more.

    Raises:
        ValueError: if it is a link itself or lies in one, or naming the first link, pipe or device in it.
    """
    for here in (folder.parent, folder):
        if here.is_symlink():
            raise ValueError(f"{here} cannot be used: it is a link; remove it to continue")
    for place, folders, files in os.walk(folder):
        for path in (Path(place, name) for name in (*folders, *files)):
            special = path.exists() and not (path.is_file() or path.is_dir())
            if path.is_symlink() or special:
                found = path.relative_to(folder)
                raise ValueError(
                    f"{folder} cannot be used: {found} is a link or not a plain file; remove it to continue"
                )
        if Path(place) == folder and but in folders:
            folders.remove(but)
