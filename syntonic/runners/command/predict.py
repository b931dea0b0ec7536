"""`syntonic-run predict`: what a trained model answers to new rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.answers import answers, as_csv, written
from syntonic.runners.run.progress import Output
from syntonic.runners.run.trained import opened

HELP: Final = """\
syntonic-run predict [RUN] --in FILE [--out FILE]: what the model of a run answers to new data.

  syntonic-run predict --in new.csv                        of the latest run, printed
  syntonic-run predict 20261122-0012 --in new.csv --out answers.csv

A model of benchmark=table or series finds its columns by their names and encodes them as in training. One of
benchmark=images takes images: a folder, a PNG or JPEG file, NPZ or IDX. The answers are the class with the probability
of each one, or the number in its own units. Any other model takes rows of as many numbers as it has inputs.
--use FILE.py names code of your own that the run needs and was never used on this machine."""


def run(argv: Sequence[str]) -> int:
    """Writes or prints the answers, and returns the exit code."""
    options = read("predict", argv, values=["--in", "--out"], lists=["--use"], most=1)
    if "--in" not in options.flags:
        raise RequestError(["predict: give the rows, --in new.csv; see `syntonic-run predict --help`"])
    trained = opened(options.names[0] if options.names else "last", options.lists.get("--use", ()))
    found = answers(trained.model, options.flags["--in"])
    console = Output()
    if "--out" not in options.flags:
        console.out(as_csv(found), end="", highlight=False)
        return 0
    target = Path(options.flags["--out"])
    try:
        written(target, found)
    except OSError as error:
        raise RequestError([f"predict: {target} cannot be written: {error.strerror}"]) from error
    for note in trained.notes:
        console.warn(note)
    console.print(f"{len(found[1]):,} answers of run {trained.record.id} in {target}", markup=False, soft_wrap=True)
    return 0
