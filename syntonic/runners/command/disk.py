"""`syntonic-run disk`: how much room runs take."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

from syntonic.runners.command.options import WIDE, read
from syntonic.runners.run import listing
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output

HELP: Final = """\
syntonic-run disk: how much room the runs of this folder take, the largest first.

  syntonic-run disk                     the twenty largest runs, and what the rest of .syntonic/ takes
  syntonic-run disk --all               every run

`syntonic-run rm RUN` moves a run to the bin, `syntonic-run rm --empty` empties it."""

_MOST: Final = 20


def run(argv: Sequence[str]) -> int:
    """Prints the table and returns the exit code."""
    options = read("disk", argv, switches=["--all"])
    console, root = Output(), home()
    sizes = sorted(((_size(each.path), each.record) for each in listing.known(console.warn)), key=lambda one: -one[0])
    shown = sizes if "--all" in options.flags else sizes[:_MOST]
    table = Table(box=None)
    for heading in ("size", "run", "name"):
        table.add_column(heading, justify="right" if heading == "size" else "left", no_wrap=True)
    for size, record in shown:
        table.add_row(bytes_text(size), *map(escape, (record.id, record.title)))
    if len(shown) < len(sizes):
        table.add_row(
            bytes_text(sum(size for size, _ in sizes[len(shown) :])), f"{len(sizes) - len(shown)} more runs", ""
        )
    table.add_section()
    for name, text in (
        ("artifacts", "what MLflow keeps: models, reports, pictures"),
        ("mlflow.db", "the database"),
        ("sweeps", "reports and logs of sweeps"),
        ("bin", "removed runs"),
    ):
        if size := sum(map(_size, root.glob(f"{name}*"))):
            table.add_row(bytes_text(size), name, text)
    table.add_row(bytes_text(_size(root)), "together", "")
    console.width = max(console.width, WIDE) if not console.is_terminal else console.width
    console.print(table, soft_wrap=True)
    return 0


def bytes_text(size: int) -> str:
    """Returns a number of bytes for people.

    >>> bytes_text(512), bytes_text(2_500_000)
    ('512 B', '2.5 MB')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _size(path: Path) -> int:
    # Of what lies there; a link leads elsewhere and takes no room.
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
    total = 0
    for place, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # a run that is going removes checkpoints
                continue
    return total
