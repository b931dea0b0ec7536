"""Where a run comes from: the commit and diff of the working folder, the packages, the core library, the machine.

MLflow looks for git in the folder of the script, so a run of an installed command would have none; this looks in the
folder where the command was typed.
"""

import importlib.util
import platform
import sys
from functools import cache
from pathlib import Path

from syntonic.tracking import repository
from syntonic.tracking.base import Provenance
from syntonic.tracking.gpus import gpus


def gather(*, config_digest: str = "", device: str = "", seed: int | None = None) -> Provenance:
    """Collects what is known of the machine and the working folder, and of what is going to run."""
    given = {"config_hash": config_digest, "device": device, "seed": "" if seed is None else str(seed)}
    found = surroundings()
    tags = {
        **{key: value for key, value in given.items() if value},
        "version": _version(),
        "core_sha256": core_digest(),
    }
    return Provenance(tags={**tags, **found.tags}, files=found.files)


def surroundings() -> Provenance:
    """Collects what is known of the machine and the working folder; takes up to seconds in a large repository."""
    tags = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "host": platform.node(),
    }
    if cards := gpus():
        tags.update(cards.tags())
    files = {"packages.txt": packages()}
    git_tags, diff = repository.state(Path.cwd())
    if diff:
        files["git.diff"] = diff
    return Provenance(tags={**tags, **git_tags}, files=files)


def packages() -> str:
    """Returns the installed packages, one `name==version` a line."""
    # The name of a folder tells both; to read what lies in a hundred of them takes a tenth of a second.
    folders = (info.stem for place in sys.path for info in Path(place).glob("*.dist-info"))
    found = {"==".join(folder.rsplit("-", 1)) for folder in folders}
    return "\n".join(sorted(found, key=str.lower)) + "\n"


@cache
def core_digest() -> str:
    """Returns the SHA-256 of the core library that is loaded."""
    import hashlib  # it takes longer than everything else of this file, which the writer imports

    library = importlib.util.find_spec("syntonic._core")
    return hashlib.sha256(Path(str(library.origin if library else "")).read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Returns what decides the bits besides the config: the package, the core library and Python."""
    core = core_digest()
    return {"syntonic": _version(), "core_sha256": core, "python": platform.python_version()}


def _version() -> str:
    from importlib import metadata  # takes a few hundredths of a second

    return metadata.version("syntonic")
