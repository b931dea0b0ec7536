"""`syntonic-run tag`: tags of your own on runs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError, harmless
from syntonic.runners.run import labels, listing
from syntonic.runners.run.progress import Output
from syntonic.tracking.stores import edit

HELP: Final = """\
syntonic-run tag RUN... [KEY=VALUE...] [KEY-...]: sets and removes tags of runs, here and in MLflow.

  syntonic-run tag last paper=yes       the latest run is found by `syntonic-run ls tag.paper=yes`
  syntonic-run tag 20261122-0012 paper- takes the tag away
  syntonic-run tag last                 shows the tags of a run

A run can also be started with tags: tracking.tags={paper: yes}."""

_KEY: Final = re.compile(r"[\w.:/][\w .:/-]{0,199}", re.ASCII)


def run(argv: Sequence[str]) -> int:
    """Changes the tags and returns the exit code; 1 if a store did not take them."""
    options = read("tag", argv, most=100)
    changes = {key: value for key, value in map(_change, options.names) if key}
    names = [name for name in options.names if not _change(name)[0]]
    if not names:
        raise RequestError(["tag: name a run, for example `syntonic-run tag last paper=yes`"])
    wrong = [key for key in changes if not _KEY.fullmatch(key) or key.startswith(("mlflow.", "syntonic."))]
    if wrong:
        raise RequestError([f"tag: {key!r} cannot be a tag: letters, digits and - _ . : / only" for key in wrong])
    console, failed = Output(), 0
    for folder in [listing.find(name, console.warn) for name in names]:
        kept = labels.read(folder.path)
        if changes:
            tags = {key: value for key, value in {**kept.tags, **changes}.items() if value is not None}
            labels.write(folder.path, replace(kept, tags=tags))
            failed += not stored(folder.path, {f"own.{key}": value for key, value in changes.items()}, console)
        shown = " ".join(f"{key}={value}" for key, value in sorted(labels.read(folder.path).tags.items()))
        console.print(harmless(f"{folder.record.id} {shown or 'has no tags'}"), markup=False, soft_wrap=True)
    return int(failed > 0)


def stored(path: Path, tags: Mapping[str, str | None], console: Output) -> bool:
    """Sets tags in the store of the run in a folder; returns whether that is done, or there is no store."""
    place = edit.stored(path)
    if place is None:
        return True
    try:
        edit.tag(*place, tags)
    except Exception as error:  # whatever a store's client raises; the folder has it
        console.print(harmless(f"{path.name}: {place[0]} did not take it: {error}"), markup=False, soft_wrap=True)
        return False
    return True


def _change(typed: str) -> tuple[str, str | None]:
    # The key and value of a change; no key: it names a run.
    key, equals, value = typed.partition("=")
    if equals:
        return key, value
    return (typed[:-1], None) if typed.endswith("-") else ("", None)
