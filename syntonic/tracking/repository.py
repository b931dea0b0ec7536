"""The repository around a folder: its commit, its branch, whether files were changed since, and the changes.

A foreign repository must not run programs of its choosing: no file-system monitor, hooks or pager, no diff program, and
no filter that its own config names. (Filters of the user's config, such as those of large files, stay.)
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PATIENCE: Final = 10.0  # seconds that git may take for one answer
_LARGEST: Final = 4_000_000  # bytes of an answer that are read
_CUT: Final = "\n# cut here: there is more than {:,} bytes\n"


class _NoAnswerError(Exception):
    """Git said no, or nothing at all."""


def state(folder: Path) -> tuple[dict[str, str], str]:
    """Returns tags (`git.commit`, `git.branch`, `git.dirty`) and the diff; `git` says why one of them is missing."""
    if shutil.which("git") is None:
        return {"git": "git is not installed"}, ""
    try:
        return _state(folder)
    except _NoAnswerError as error:
        return {"git": str(error)}, ""


def _state(folder: Path) -> tuple[dict[str, str], str]:
    has_files = _answer(folder, "rev-parse", "--is-inside-work-tree").strip() == "true"
    commit = _try(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    branch = _try(folder, "symbolic-ref", "--short", "--quiet", "HEAD").strip()
    tags = {"git.branch": branch or "HEAD", **({"git.commit": commit} if commit else {"git": "no commit yet"})}
    if not has_files:
        return {**tags, "git": "a bare repository, without files of its own"}, ""
    harmless = _without_filters(folder)
    changes = _answer(folder, "status", "--porcelain", more=harmless)
    since = commit or _answer(folder, "hash-object", "-t", "tree", "/dev/null").strip()
    diff = _answer(folder, "diff", since, "--no-ext-diff", "--no-textconv", more=harmless)
    diff += "".join(f"# untracked: {line[3:]}\n" for line in changes.splitlines() if line.startswith("??"))
    if len(diff) > _LARGEST:
        diff = diff[:_LARGEST] + _CUT.format(_LARGEST)
    return {**tags, "git.dirty": "true" if changes else "false"}, diff


def _without_filters(folder: Path) -> dict[str, str]:
    # The environment in which the filters that the repository itself has configured do nothing.
    words = _try(folder, "config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^filter\.").split("\0")
    own = [name for scope, name in zip(words[::2], words[1::2], strict=False) if scope in ("local", "worktree")]
    settings = [(name, "false" if name.endswith(".required") else "") for name in own]
    keys = {f"GIT_CONFIG_KEY_{n}": name for n, (name, _) in enumerate(settings)}
    values = {f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(settings)}
    return {"GIT_CONFIG_COUNT": str(len(settings)), **keys, **values}


def _try(folder: Path, *words: str) -> str:
    try:
        return _answer(folder, *words)
    except _NoAnswerError:
        return ""


def _answer(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", *words]
    pipe, late = subprocess.PIPE, threading.Event()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT if words[0] == "rev-parse" else subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", **(more or {})},
        )
    except OSError as error:
        raise _NoAnswerError(f"git cannot be started: {error.strerror}") from error

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_PATIENCE, end)
    timer.start()
    with process:
        assert process.stdout is not None
        text = process.stdout.read(_LARGEST + 1)
        if len(text) > _LARGEST:  # a diff of gigabytes is not to fill the memory
            process.kill()
    timer.cancel()
    told = text.decode(errors="replace")
    if late.is_set():
        raise _NoAnswerError(f"git did not answer within {_PATIENCE:g} seconds")
    if process.returncode != 0 and len(text) <= _LARGEST:
        raise _NoAnswerError((told.strip().splitlines() or ["git failed"])[0].removeprefix("fatal: ")[:200])
    return told
