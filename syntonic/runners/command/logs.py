"""`syntonic-run logs`: what a run has printed, and why it failed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import harmless
from syntonic.runners.run import listing
from syntonic.runners.run.folder import RunFolder, home
from syntonic.runners.run.progress import Output

HELP: Final = """\
syntonic-run logs [RUN]: what a run has written beside its metrics.

  syntonic-run logs                     the latest run
  syntonic-run logs 20261122-0012       a run, by the first letters of its id
  syntonic-run logs last --tail 50      the last lines of each

Of a run that failed its traceback; of a run of a sweep what it has printed; and what went wrong with recording it."""

_LARGEST: Final = 1 << 20  # bytes of a file that are shown, its end


def run(argv: Sequence[str]) -> int:
    """Prints the logs and returns the exit code."""
    options = read("logs", argv, values=["--tail"], most=1)
    console = Output()
    folder = listing.find(options.names[0] if options.names else "last", console.warn)
    tail = options.flags.get("--tail", "")
    most = int(tail) if tail.isascii() and tail.isdigit() else 0
    found = False
    for path in _files(folder):
        lines = _text(path).splitlines()
        if lines:
            found = True
            console.print(f"== {path}", markup=False, soft_wrap=True)
            for line in lines[-most:]:
                console.print(harmless(line), markup=False, soft_wrap=True)
    if not found:
        console.print(harmless(f"{folder.record.id} has written no log"), markup=False, soft_wrap=True)
    return 0


def _files(folder: RunFolder) -> Iterator[Path]:
    yield folder.path / "traceback.txt"
    if sweep := folder.record.sweep:
        logs = home() / "sweeps" / sweep.get("id", "") / "logs"
        yield from (log for log in sorted(logs.glob("*.log")) if folder.record.id in _text(log))
    yield folder.path / "tracking" / "writer.log"
    yield folder.path / "tracking" / "error.txt"


def _text(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - _LARGEST, 0))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
