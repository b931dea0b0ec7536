"""A file or module of the user's own: what it is called, where it lies, and its text, which is kept with a run."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from syntonic.runners.config.errors import RequestError

FOLDER: Final = "own"  # in the folder of a run or of a sweep
_NAME: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_LARGEST: Final = 1 << 20  # bytes of a file of code


@dataclass(frozen=True)
class Source:
    """What `--use` named.

    Attributes:
        name: `mine.py` of a file, `package.module` of a module.
        path: the file, absolute; empty for a module that is no file of Python.
        digest: the SHA-256 of its bytes.
        text: what it says; of a module, empty.
    """

    name: str
    path: str
    digest: str
    text: str = field(default="", repr=False)

    @property
    def is_file(self) -> bool:
        """Whether it was named as a file; else as a module, which is imported."""
        return self.name.endswith(".py")

    @property
    def module(self) -> str:
        """The name under which other code can import it."""
        return self.name.removesuffix(".py")

    def record(self) -> dict[str, str]:
        """Returns what the record of a run says of it; the text lies beside the record."""
        return {key: value for key, value in asdict(self).items() if key != "text"}


def digests(sources: Iterable[Source]) -> dict[str, str]:
    """Returns the SHA-256 of each source by its name, as the identity of a run has it."""
    return {source.name: source.digest for source in sources}


def of_file(path: Path, flag: str = "") -> Source:
    """Reads a file of code.

    Args:
        path: of the file.
        flag: what stands before the file's name in messages.

    Raises:
        RequestError: if it is no file, has no name that Python can import, or no text.
    """
    if not path.is_file():
        near = sorted(each.name for each in path.parent.glob("*.py")) if path.parent.is_dir() else []
        listed = f"; here are {', '.join(near[:8])}" if near else ""
        raise RequestError([f"{flag}{path}: there is no such file{listed}"])
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise RequestError([f"{flag}{path}: must be a file of Python whose name can be imported, such as my_model.py"])
    try:
        if path.stat().st_size > _LARGEST:
            raise RequestError([f"{flag}{path}: has more than {_LARGEST >> 20} MB, too much for code"])
        content = path.read_bytes()
        return Source(path.name, str(path.absolute()), hashlib.sha256(content).hexdigest(), content.decode())
    except UnicodeDecodeError:
        raise RequestError([f"{flag}{path}: is not UTF-8 text; save it as UTF-8"]) from None
    except OSError as error:
        raise RequestError([f"{flag}{path}: cannot be read: {error.strerror}"]) from error


def keep(sources: Sequence[Source], folder: Path) -> None:
    """Writes the text of each file into `<folder>/own/`.

    Raises:
        OSError: if the disk refuses it.
    """
    for source in sources:
        if source.is_file:
            (folder / FOLDER).mkdir(exist_ok=True)
            (folder / FOLDER / source.name).write_bytes(source.text.encode())


def kept(records: Sequence[Mapping[str, str]], folder: Path, prefix: str = f"{FOLDER}/") -> list[Source]:
    """Returns the sources of a record, with the text that is kept beside it.

    Args:
        records: as `Source.record` has made them, or somebody else.
        folder: where the texts are kept.
        prefix: of their names there.

    Raises:
        RequestError: if a record is none, or a text is missing or not the one that the record tells of.
    """
    found = []
    for record in records:
        source = _checked(record, folder)
        if source.is_file:
            text = of_file(folder / f"{prefix}{source.name}")
            if text.digest != source.digest:
                raise RequestError([f"{folder / prefix}{source.name} is not the file that {folder} was made with"])
            source = Source(source.name, source.path, source.digest, text.text)
        found.append(source)
    return found


def _checked(record: Mapping[str, str], folder: Path) -> Source:
    name, path, digest = (record.get(key) for key in ("name", "path", "digest"))
    if not (
        record.keys() == {"name", "path", "digest"}
        and isinstance(name, str)
        and _NAME.fullmatch(name)
        and isinstance(path, str)
        and isinstance(digest, str)
        and re.fullmatch(r"[0-9a-f]{64}|", digest)
        and "\0" not in path
    ):
        raise RequestError([f"{folder} tells of code that it was made with, but not what: {str(dict(record))[:200]}"])
    return Source(name, path, digest)
