"""Asks git about a folder in such a way that a repository of a stranger's making can run nothing.

What a repository can name in its own config or attributes, and git would start while it compares files: a file-system
monitor, hooks, a pager, programs for differences, filters, what fetches objects that a partial clone has left out, and
all of these again in each of its submodules. (Filters of the user's own config, such as those of large files, stay,
unless the repository extends them.)
"""

import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LARGEST: Final = 4_000_000  # bytes of an answer that are read
_PATIENCE: Final = 10.0  # seconds that git may take for one answer
_HARMLESS: Final = (
    *("--no-pager", "--no-optional-locks"),  # without locks the index is not rewritten, which would call a hook
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
)
_NO_FETCHING: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
_PLACES: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")


class NoAnswerError(Exception):
    """Git said no, or nothing at all."""


class Git:
    """Asks about the repository around a folder.

    Args:
        folder: where to ask.
        inner: whether it must be the top of a repository of its own, be the environment what it may.
    """

    def __init__(self, folder: Path, *, inner: bool = False) -> None:
        self._folder = folder
        given = {key: value for key, value in os.environ.items() if not (inner and key in _PLACES)}
        ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent)} if inner else {}
        self._environment = {**given, **ceiling, **_NO_FETCHING, "LC_ALL": "C"}

    def without_filters(self) -> None:
        """Makes the filters that the repository itself has configured do nothing from now on.

        Raises:
            NoAnswerError: if this git is too old for that.
        """
        arguments = self.answer("config", "--list", "--show-scope", "--name-only", "-z").split("\0")
        found = list(zip(arguments[::2], arguments[1::2], strict=False))
        own = {name for scope, name in found if scope in ("local", "worktree")}
        if any(name.startswith("lfs.extension.") for name in own):  # they are run by the user's own filter
            own = {name for _, name in found}
        filters = sorted(name for name in own if name.startswith("filter."))
        self._environment |= _as_variables({name: "false" if name.endswith(".required") else "" for name in filters})
        if filters and self.answer("config", "--get", filters[0]).strip() not in ("", "false"):
            raise NoAnswerError("the repository names filters, which only git 2.31 and later can be told not to run")

    def attempt(self, *arguments: str) -> str:
        """Returns what git answers, an empty text if it does not."""
        try:
            return self.answer(*arguments)
        except NoAnswerError:
            return ""

    def answer(self, *arguments: str, most: int = LARGEST) -> str:
        """Returns what git answers; no more than about `most` bytes of it.

        Raises:
            NoAnswerError: if it fails, or takes too long.
        """
        late = threading.Event()
        try:
            process = subprocess.Popen(
                ["git", *_HARMLESS, *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if arguments[0] == "rev-parse" else subprocess.DEVNULL,
                env=self._environment,
            )
        except OSError as error:
            raise NoAnswerError(f"git cannot be started: {error.strerror}") from error

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(_PATIENCE, end)
        timer.start()
        with process:
            assert process.stdout is not None
            text = process.stdout.read(most + 1)
            if len(text) > most:  # a diff of gigabytes is not to fill the memory
                process.kill()
        timer.cancel()
        told = text.decode(errors="replace")
        if late.is_set():
            raise NoAnswerError(f"git did not answer within {_PATIENCE:g} seconds")
        if process.returncode != 0 and len(text) <= most:
            raise NoAnswerError((told.strip().splitlines() or ["git failed"])[0].removeprefix("fatal: ")[:200])
        return told


def _as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    # A name may hold "=", so that `-c name=value` would not do.
    keys = {f"GIT_CONFIG_KEY_{n}": name for n, name in enumerate(settings)}
    values = {f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(settings.values())}
    return {"GIT_CONFIG_COUNT": str(len(settings)), **keys, **values}
