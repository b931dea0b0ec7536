"""How much memory this process may have."""

import os
from pathlib import Path
from typing import Final

_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory() -> int:
    """Returns the bytes of memory that the machine, or the container, has in all."""
    bytes_ = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        try:
            bytes_ = min(bytes_, int(path.read_text()))
        except (OSError, ValueError):  # no such limit, or "max"
            continue
    return bytes_
