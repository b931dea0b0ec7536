"""What the command prints to: text that cannot be written is replaced or lost, and changes nothing else.

A terminal can be gone, a pipe's reader may have seen enough, a disk be full, and an encoding lack a sign of a run's
name. None of that is a reason for a run to fail, or for a command to answer with another exit code.
"""

import contextlib
import os
import sys
from typing import IO, Any


class Lenient:
    """A text stream that takes everything.

    Args:
        stream: where to.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes a text, with `?` for what the stream's encoding has not got; if it cannot be written it is lost."""
        with contextlib.suppress(OSError, ValueError):  # a closed stream raises ValueError, and so does an encoding
            try:
                return self._stream.write(text)
            except UnicodeEncodeError:
                encoding = getattr(self._stream, "encoding", None) or "ascii"
                return self._stream.write(text.encode(encoding, "replace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Writes what is waiting, if that can be."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever else a stream has)
        return getattr(self._stream, name)


def lenient(stream: IO[str]) -> Any:  # noqa: ANN401 (a stream, as far as anybody can tell)
    """Returns the stream as one that takes everything."""
    return Lenient(stream)


def take() -> None:
    """Makes the streams of this process lenient, and opens those that it was started without.

    The first file to be opened would get the number of a closed stream, and whatever is printed.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8", errors="replace"))
    sys.stdout, sys.stderr = lenient(sys.stdout), lenient(sys.stderr)


def leave() -> None:
    """Writes what is waiting; Python would do it at the end, and tell that it could not."""
    for stream in (sys.stdout, sys.stderr):
        inner = stream._stream if isinstance(stream, Lenient) else stream
        try:
            inner.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), inner.fileno())
        except ValueError:  # closed
            continue
