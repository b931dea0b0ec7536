"""Runs that lie in a folder above this one: they are pointed at, not used, since that folder may be somebody else's."""

import os
from pathlib import Path

from syntonic.runners.run.folder import home


def hint() -> str:
    """Returns the end of a message that says where there are runs, empty if there are none in a folder above."""
    if "SYNTONIC_HOME" in os.environ:
        return ""
    above = (folder / home().name for folder in Path.cwd().parents)
    found = next((place for place in above if (place / "runs").is_dir()), None)
    return "" if found is None else f"; there are some in {found}: go there, or set SYNTONIC_HOME={found}"
