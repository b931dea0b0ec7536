"""The repository around a folder: its commit, its branch, whether files were changed since, and the changes.

Git itself does not look into submodules, since it would do there what their own configs say; this looks into each of
them as it does into the repository around them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntonic.tracking.git import LARGEST, Git, NoAnswerError

_INDEX: Final = 64_000_000  # bytes of the list of files in which submodules are looked for
_DEEPEST: Final = 4  # submodules in submodules
_MOST: Final = 100  # submodules of one repository
_CUT: Final = "\n# cut here: there is more than {:,} bytes\n"


def state(folder: Path) -> tuple[dict[str, str], str]:
    """Returns tags (`git.commit`, `git.branch`, `git.dirty`) and the diff; `git` says why one of them is missing."""
    if shutil.which("git") is None:
        return {"git": "git is not installed"}, ""
    try:
        return _state(folder)
    except NoAnswerError as error:
        return {"git": str(error)}, ""


def _state(folder: Path) -> tuple[dict[str, str], str]:
    git = Git(folder)
    has_files = git.answer("rev-parse", "--is-inside-work-tree").strip() == "true"
    commit = _commit(git)
    branch = git.attempt("symbolic-ref", "--short", "--quiet", "HEAD").strip()
    tags = {"git.branch": branch or "HEAD", **({"git.commit": commit} if commit else {"git": "no commit yet"})}
    if not has_files:
        return {**tags, "git": "a bare repository, without files of its own"}, ""
    try:
        dirty, diff = _changes(git, Path(git.answer("rev-parse", "--show-toplevel").removesuffix("\n")))
    except NoAnswerError as error:
        return {**tags, "git": f"what was changed is not known: {error}"}, ""
    if len(diff) > LARGEST:
        diff = diff[:LARGEST] + _CUT.format(LARGEST)
    return {**tags, "git.dirty": "true" if dirty else "false"}, diff


def _commit(git: Git) -> str:
    return git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()


def _changes(git: Git, top: Path, place: str = "", depth: int = 0) -> tuple[bool, str]:
    # `place`: of a submodule, as a prefix for the names of its files.
    git.without_filters()
    but = ["--", ":/", ":(top,exclude,glob)**/.syntonic/**", *_own(top)]
    changes = git.answer("status", "--porcelain", "--ignore-submodules=dirty", *but)
    since = _commit(git) or git.answer("hash-object", "-t", "tree", "/dev/null").strip()
    names = ["--no-color", f"--src-prefix=a/{place}", f"--dst-prefix=b/{place}"]
    harmless = ["--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short"]
    diff = git.answer("diff", since, *names, *harmless, *but)
    diff += "".join(f"# untracked: {place}{line[3:]}\n" for line in changes.splitlines() if line.startswith("??"))
    dirty = bool(changes)
    for inner in _submodules(git, top) if depth < _DEEPEST else ():
        try:
            also, more = _changes(Git(top / inner, inner=True), top / inner, f"{place}{inner}/", depth + 1)
        except NoAnswerError as error:
            also, more = False, f"# submodule {place}{inner}: what was changed there is not known: {error}\n"
        dirty, diff = dirty or also, diff + more
    return dirty, diff


def _own(top: Path) -> list[str]:
    # What runs write themselves is no change of anybody's work, wherever their home is.
    home = Path(os.environ.get("SYNTONIC_HOME") or ".syntonic").resolve()
    inside = top.resolve() in home.parents
    return [f":(top,exclude,literal){home.relative_to(top.resolve())}"] if inside else []


def _submodules(git: Git, top: Path) -> Iterator[str]:
    # Paths of those that are there, from the top of the repository; none behind a link, which may lead elsewhere.
    listed = git.answer("ls-files", "--stage", "--full-name", "-z", ":/", most=_INDEX).split("\0")
    paths = [entry.partition("\t")[2] for entry in listed if entry.startswith("160000 ")]
    for path in list(dict.fromkeys(paths))[:_MOST]:
        if (top / path / ".git").exists() and (top / path).resolve() == top.resolve() / path:
            yield path
