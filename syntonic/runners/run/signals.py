"""Ctrl-C, SIGTERM and SIGHUP: a request to stop, answered after the generation that is being computed.

Who starts a program may have it ignore a signal: `nohup` does, and a script does for what it starts in the background.
Such a signal stays ignored, also one that something else than Python answers.
"""

import signal as signals
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signals.SIGINT, signals.SIGTERM, signals.SIGHUP)


def heeded() -> tuple[signals.Signals, ...]:
    """Returns those of the signals that end a program which this process was not told to ignore."""
    return tuple(each for each in _SIGNALS if signals.getsignal(each) not in (signals.SIG_IGN, None))


class _Outside:
    # One for the process: what asked for the end without being a signal, such as the sweep that the run belongs to.
    wish: signals.Signals | None = None


def ask(number: signals.Signals | None) -> None:
    """Asks every run of this process to end, as if by this signal; None takes that back. For any thread."""
    _Outside.wish = number


class Stop:
    """Whether somebody asked for the end, and with which signal."""

    received: signals.Signals | None = None

    @property
    def signal(self) -> signals.Signals | None:
        """The signal that came, or that was asked for in its place; None: none did."""
        return self.received or _Outside.wish

    def __bool__(self) -> bool:
        """Whether the end was asked for."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal, as shells have it; 0 if there was none."""
        return 128 + self.signal if self.signal is not None else 0


@contextmanager
def watched() -> Iterator[Stop]:
    """Turns the first signal into a request, so that the state stays whole; a second one ends the program at once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # Python hands signals to the main thread only
        yield stop
        return

    def asked(number: int, frame: FrameType | None) -> None:
        stop.received = signals.Signals(number)
        for each, handler in before.items():
            signals.signal(each, handler)

    before = {each: signals.signal(each, asked) for each in heeded()}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signals.signal(each, handler)
