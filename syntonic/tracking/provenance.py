"""Where a run comes from: the commit and diff of the working folder, the packages, the core library, the machine.

MLflow looks for git in the folder of the script, so a run of an installed command would have none; this looks in the
folder where the command was typed.
"""

import hashlib
import importlib.util
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from syntonic.tracking.base import Provenance
from syntonic.tracking.gpus import gpus

_PATIENCE: Final = 10  # seconds that git may take for one answer
_LARGEST_DIFF: Final = 4_000_000  # characters


def gather(
    *, config_digest: str = "", device: str = "", seed: int | None = None, core: str = "", version: str = ""
) -> Provenance:
    """Collects the facts, in a process that does not train; `core` and `version` are as in `versions`, if known."""
    given = {"config_hash": config_digest, "device": device, "seed": "" if seed is None else str(seed)}
    tags = {
        **{key: value for key, value in given.items() if value},
        "version": version or _version(),
        "core_sha256": core or core_digest(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "host": platform.node(),
    }
    if cards := gpus():
        tags.update(cards.tags())
    files = {"packages.txt": packages()}
    git_tags, diff = git(Path.cwd())
    if diff:
        files["git.diff"] = diff
    return Provenance(tags={**tags, **git_tags}, files=files)


def git(folder: Path) -> tuple[dict[str, str], str]:
    """Returns tags (commit, branch, dirty) and the diff of the repository around `folder`; nothing outside of one."""
    commit = _git(folder, "rev-parse", "HEAD").strip()
    if not commit:
        return {}, ""
    changes = _git(folder, "status", "--porcelain")
    diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv")
    untracked = [line[3:] for line in changes.splitlines() if line.startswith("??")]
    if untracked:
        diff += "".join(f"# untracked: {name}\n" for name in untracked)
    tags = {
        "git.commit": commit,
        "git.branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD").strip(),
        "git.dirty": "true" if changes else "false",
    }
    if len(diff) > _LARGEST_DIFF:
        diff = f"{diff[:_LARGEST_DIFF]}\n# cut here: the whole diff has {len(diff)} characters\n"
    return tags, diff


def packages() -> str:
    """Returns the installed packages, one `name==version` a line."""
    # The name of a folder tells both; to read what lies in a hundred of them takes a tenth of a second.
    folders = (info.stem for place in sys.path for info in Path(place).glob("*.dist-info"))
    found = {"==".join(folder.rsplit("-", 1)) for folder in folders}
    return "\n".join(sorted(found, key=str.lower)) + "\n"


@cache
def core_digest() -> str:
    """Returns the SHA-256 of the core library that is loaded."""
    library = importlib.util.find_spec("syntonic._core")
    return hashlib.sha256(Path(str(library.origin if library else "")).read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Returns what decides the bits besides the config: the package, the core library and Python."""
    core = core_digest()
    return {"syntonic": _version(), "core_sha256": core, "python": platform.python_version()}


def _version() -> str:
    from importlib import metadata  # takes a few hundredths of a second

    return metadata.version("syntonic")


def _git(folder: Path, *words: str) -> str:
    # A foreign repository must not run programs of its choosing: no file-system monitor, no hooks, no pager.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", *words]
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode(errors="replace") if answer.returncode == 0 else ""
