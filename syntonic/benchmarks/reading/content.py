"""The bytes of a file that a user names: a regular file, of a size that a run can hold."""

import os
import stat
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 2**30


def content(path: str, what: str) -> bytes:
    """Returns the bytes of a file.

    Args:
        path: of the file; `~` is the home folder.
        what: the file is, for messages: "text", "table".

    Raises:
        ValueError: it cannot be read, is no regular file, such as a pipe that nobody writes to, or is too large.
    """
    try:
        # A pipe that nobody has opened for writing would be waited for.
        descriptor = os.open(Path(path).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot read the {what} {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"the {what} {path} is {_kind(found.st_mode)}; give a regular file")
        if found.st_size > MOST_BYTES:
            raise ValueError(
                f"the {what} {path} has {found.st_size:,} bytes; at most {MOST_BYTES:,} are held in memory: "
                "give a part of it"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise ValueError(f"cannot read the {what} {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "no regular file")
