"""Carries out the command in this process, in a folder of its own, and tells what must never happen."""

import contextlib
import importlib
import io
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from syntonic.runners.cli import main
from syntonic.runners.command.table import COMMANDS

# Now, and not when the first command needs them: what is interrupted while it is imported stays half there.
for _module in ("command.request", "run.life", "sweep.loop", *(f"command.{name}" for name in COMMANDS)):
    importlib.import_module(f"syntonic.runners.{_module}")
importlib.import_module("numpy")

CODES: Final = (0, 1, 2, 130)
# Seconds that any answer may take: ten where nothing else runs, as `make fuzz` says, and more beside other tests.
PATIENCE: Final = float(os.environ.get("SYNTONIC_FUZZ_PATIENCE", "60"))
INTERRUPTED: Final = 3.0  # seconds after which a run that is under way is asked to end, as Ctrl-C does


@dataclass(frozen=True)
class Answer:
    """What came of a command line.

    Attributes:
        code: the exit code; None: it raised, or did not come back in time.
        said: what was printed.
        fault: what must never happen and did, empty if nothing.
    """

    code: int | None
    said: str
    fault: str


class TooLongError(BaseException):
    """Nothing came back in time; no handler of the program may take it for its own."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Interrupts what takes long, and ends what does not heed that."""
    seen: list[int] = []

    def ring(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise TooLongError
        signal.setitimer(signal.ITIMER_REAL, PATIENCE - INTERRUPTED)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGALRM, ring)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, INTERRUPTED)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, interrupt)


def answer(argv: Sequence[str], folder: Path) -> Answer:
    """Carries out a command line in `folder`, beside which nothing may appear."""
    outside = names(folder.parent, folder)
    here, threads = Path.cwd(), threading.active_count()
    said = io.StringIO()
    code, fault = None, ""
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), limited():
            code = main(list(argv))
    except TooLongError:
        fault = f"no answer within {PATIENCE:g} s"
    except BaseException as error:  # SystemExit too: the command answers with a code
        fault = f"raised {type(error).__name__}: {error}"
    finally:
        os.chdir(here)
    if not fault and code not in CODES:
        fault = f"exit code {code}"
    if not fault and "Traceback (most recent" in said.getvalue():
        fault = "a traceback was printed"
    if not fault and (new := names(folder.parent, folder) - outside):
        fault = f"wrote {sorted(new)[:3]} outside of its folder"
    if not fault and threading.active_count() > threads + 2:
        fault = f"left threads: {[thread.name for thread in threading.enumerate()]}"
    return Answer(code, said.getvalue(), fault)


def names(place: Path, but: Path) -> set[str]:
    """Returns everything below `place` that is not below `but`."""
    found: set[str] = set()
    for where, folders, files in os.walk(place):
        if Path(where) == but.parent and but.name in folders:
            folders.remove(but.name)
        found |= {str(Path(where, name)) for name in (*folders, *files)}
    return found


def seed() -> int:
    """Returns what cases are drawn from: always the same in the tests, SYNTONIC_FUZZ_SEED in `make fuzz`."""
    return int(os.environ.get("SYNTONIC_FUZZ_SEED", "0"))


def budget(cases: int) -> int:
    """Returns how many cases are tried: so many in the tests, as many as SYNTONIC_FUZZ says in `make fuzz`."""
    return int(os.environ.get("SYNTONIC_FUZZ", cases))
