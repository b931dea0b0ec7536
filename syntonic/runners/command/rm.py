"""`syntonic-run rm`: the bin."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError, did_you_mean, harmless
from syntonic.runners.run import folder as run_folder
from syntonic.runners.run import listing
from syntonic.runners.run.figures import counted
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.tracking.stores import edit

HELP: Final = """\
syntonic-run rm RUN...: moves runs to the bin, .syntonic/bin/, and out of MLflow's list.

  syntonic-run rm 20261122-0012         the run is gone from `ls` and from the dashboard
  syntonic-run rm --restore RUN         brings it back
  syntonic-run rm --list                what is in the bin
  syntonic-run rm --empty               deletes what is in the bin, for good

A run that is still going cannot be removed. `syntonic-run disk` says how much room runs take."""


def run(argv: Sequence[str]) -> int:
    """Moves, restores or deletes, and returns the exit code; 1 if a store did not take it."""
    options = read("rm", argv, switches=["--restore", "--list", "--empty"], most=1000)
    chosen, console = list(options.flags), Output()
    if len(chosen) > 1 or (options.names and chosen in (["--list"], ["--empty"])):
        raise RequestError(["rm: one thing at a time: RUN..., --restore RUN..., --list or --empty"])
    if chosen == ["--list"]:
        return _listed(console)
    if chosen == ["--empty"]:
        return _emptied(console)
    if not options.names:
        raise RequestError(["rm: name a run, for example `syntonic-run rm last`"])
    if chosen == ["--restore"]:
        return int(not all([_restored(name, console) for name in options.names]))
    folders = {found.path: found for found in (listing.find(name, console.warn) for name in options.names)}
    return int(not all([_moved(folder, console) for folder in folders.values()]))


def _bin() -> Path:
    return home() / "bin"


def _moved(folder: "run_folder.RunFolder", console: Output) -> bool:
    folder.take()  # refuses one that is still going
    try:
        place = edit.stored(folder.path)  # before it moves: the store's address follows from where it lies
        _bin().mkdir(exist_ok=True)
        folder.path.rename(_bin() / folder.record.id)
    except OSError as error:
        raise RequestError([f"rm: {folder.path} cannot be moved: {error.strerror}"]) from error
    finally:
        folder.release()
    done = _shown(folder.record.id, place, False, console)
    say = f"{folder.record.id} is in the bin; `syntonic-run rm --restore {folder.record.id}` brings it back"
    console.print(say, markup=False, soft_wrap=True)
    return done


def _restored(wanted: str, console: Output) -> bool:
    there = sorted(path.name for path in _bin().glob("*") if path.is_dir())
    found = [name for name in there if name.startswith(wanted)]
    if len(found) != 1:
        near = did_you_mean(wanted, there) if not found else f"; choose from {', '.join(found[:5])}"
        raise RequestError([f"rm: --restore {wanted}: {len(found)} runs of the bin begin with that{near}"])
    back = home() / "runs" / found[0]
    if back.exists():
        raise RequestError([f"rm: {back} is there already; move it away and try again"])
    back.parent.mkdir(exist_ok=True)
    (_bin() / found[0]).rename(back)
    console.print(f"{found[0]} is back", markup=False)
    return _shown(found[0], edit.stored(back), True, console)


def _shown(name: str, place: tuple[str, str] | None, shown: bool, console: Output) -> bool:
    if place is None:
        return True
    try:
        edit.show(*place, shown)
    except Exception as error:  # whatever a store's client raises
        console.print(harmless(f"{name}: {place[0]} did not take it: {error}"), markup=False, soft_wrap=True)
        return False
    return True


def _listed(console: Output) -> int:
    there = sorted(path.name for path in _bin().glob("*") if path.is_dir())
    for name in there:
        try:
            title = run_folder.read(_bin() / name).record.title
        except RequestError:
            title = "cannot be read"
        console.print(harmless(f"{name}  {title}"), markup=False, soft_wrap=True)
    if not there:
        console.print("the bin is empty")
    return 0


def _emptied(console: Output) -> int:
    there = [path for path in _bin().glob("*") if path.is_dir() and not path.is_symlink()]
    for path in there:
        shutil.rmtree(path)
    console.print(
        f"{counted(len(there), 'run')} deleted; MLflow keeps their figures among the deleted runs: `mlflow gc`"
    )
    return 0
