"""Waiting for what another process does: until it is done, however long a slow machine takes."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 180.0) -> None:
    """Waits until something is true; fails after so many seconds, which no machine needs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
