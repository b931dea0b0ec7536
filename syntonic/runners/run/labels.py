"""What a user says of a run afterwards: tags and a note, kept in its folder beside what the run itself has written."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from syntonic.runners.config.errors import RequestError
from syntonic.tracking import links, plain

FILE: Final = "labels.json"
_FORMAT: Final = 1


@dataclass(frozen=True)
class Labels:
    """What a user says of a run."""

    tags: dict[str, str] = field(default_factory=dict)
    note: str = ""


def read(folder: Path) -> Labels:
    """Returns the labels of the run in a folder; none if there are none that can be used."""
    try:
        return plain.read(folder / FILE, Labels, _FORMAT)
    except (OSError, ValueError):
        return Labels()


def write(folder: Path, labels: Labels) -> None:
    """Writes the labels of the run in a folder.

    Raises:
        RequestError: if the folder cannot be written, or a link in it leads elsewhere.
    """
    try:
        links.refuse(folder)
        plain.write_json(folder / FILE, {"format": _FORMAT, **asdict(labels)})
    except (OSError, ValueError) as error:
        raise RequestError([f"{folder / FILE} cannot be written: {error}"]) from error
