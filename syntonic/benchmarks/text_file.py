"""Reads the text of a language model: a file, of a size that a run can hold."""

import os
import stat
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 2**30


def read(path: str | None) -> bytes:
    """Returns the bytes of a file; None: the topics of Python's own help.

    Raises:
        ValueError: it cannot be read, is no regular file, such as a pipe that nobody writes to, or is too large.
    """
    if path is None:
        from pydoc_data.topics import topics

        return "\n".join(topics.values()).encode()
    try:
        # A pipe that nobody has opened for writing would be waited for.
        descriptor = os.open(Path(path).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot read the text {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"the text {path} is {_kind(found.st_mode)}; give a regular file")
        if found.st_size > MOST_BYTES:
            raise ValueError(
                f"the text {path} has {found.st_size:,} bytes; at most {MOST_BYTES:,} are held in memory: "
                "give a part of it"
            )
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    except OSError as error:
        raise ValueError(f"cannot read the text {path}: {error.strerror}") from error
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "no regular file")
