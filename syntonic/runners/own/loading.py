"""Executes code of the user's own, so that what it registers can be named by a config.

What is executed, and who has said so: a file or module that was typed with `--use` (or `use=` in Python), what the
process of a sweep hands to its workers, and what a run keeps if it was typed before (`trust.py`). No config names code.
"""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.abc import ExecutionLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import Final

from syntonic.core import own_code, registry
from syntonic.runners.command.help import GROUPS
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.own.source import FOLDER, Source, kept, of_file
from syntonic.runners.own.trust import is_trusted, trust

_loaded: Final[dict[str, str]] = {}  # the digest of each file that was executed, by the name of its module


def typed(given: Sequence[str]) -> list[Source]:
    """Reads and executes what the user has named, in this order, and trusts it from now on.

    Raises:
        RequestError: if something is not there, or fails.
    """
    sources = [_typed(each) for each in dict.fromkeys(given)]
    names = [source.module for source in sources]
    if twice := next((source for source in sources if names.count(source.module) > 1), None):
        raise RequestError([f"--use {twice.name}: two files of that name; rename one of them"])
    found = load(sources)
    for source in found:
        trust(source)
    return found


def of_record(
    records: Sequence[Mapping[str, str]], folder: Path, given: Sequence[Source] = (), *, as_kept: bool = False
) -> list[Source]:
    """Executes the code that a run or sweep was made with; what is in `given` counts in place of what is recorded.

    Args:
        records: from its record.
        folder: of the run or sweep.
        given: what the user has typed for this command.
        as_kept: whether the text that is kept is wanted even if the file has changed since.

    Raises:
        RequestError: naming each file that has changed since, and each that was never named on this machine.
    """
    names = {source.name for source in given}
    sources = kept([record for record in records if record.get("name") not in names], folder)
    faults = []
    for source in sources:
        copy = folder / FOLDER / source.name
        if source.is_file and not as_kept and _now(Path(source.path)) not in (None, source.digest):
            faults.append(
                f"{source.path} has changed since {folder.name} was started; put it back, or add --use {copy}, which "
                "is the file as it was then"
            )
        elif not is_trusted(source) and not _is_here(source):
            what = f"look at {copy} and add --use {copy}" if source.is_file else f"add --use {source.name}"
            faults.append(
                f"{folder.name} needs {source.name}, which was never used on this machine; {what} to trust it"
            )
    if faults:
        raise RequestError(faults)
    return [*load(sources), *given]


def changed(records: Sequence[Mapping[str, str]]) -> list[str]:
    """Returns a line for each file of a record that is another now than it was; what a run keeps is used then."""
    return [
        f"{record['path']} has changed since; the code that the run keeps is used"
        for record in records
        if record.get("path") and _now(Path(record["path"])) not in (None, record.get("digest"))
    ]


def load(sources: Sequence[Source]) -> list[Source]:
    """Executes sources in order; a file that is loaded already is not executed again, unless one before it was.

    Raises:
        RequestError: naming what failed and where.
    """
    for kind in registry.OPEN:
        registry.names(kind)  # what the package has comes first, so that its names are not taken
    found, anew = [], False
    for source in sources:
        if source.is_file:
            anew = anew or _loaded.get(source.module) != source.digest or source.module not in sys.modules
            if anew and not _is_here(source):
                _execute(source)
            own_code.allow(own_code.Code(source.module, source.path, source.text))
            found.append(source)
        else:
            found.append(_imported(source))
    return found


def is_loaded(module: str) -> bool:
    """Returns whether a module is a file that was loaded here."""
    return module in _loaded


class _Kept(ExecutionLoader):
    # Python's own way to execute a text, with the text in hand.

    def __init__(self, source: Source) -> None:
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source.text

    def get_filename(self, fullname: str) -> str:
        return self._source.path


def _typed(given: str) -> Source:
    if given.endswith(".py") or "/" in given:
        return of_file(Path(given), "--use ")
    if Path(f"{given}.py").is_file():
        raise RequestError(
            [f"--use {given}: a module is looked for where Python is installed; for the file: {given}.py"]
        )
    return Source(given, "", "")


def _now(path: Path) -> str | None:
    try:
        return of_file(path).digest  # a record may name a pipe, which would be waited for
    except (RequestError, ValueError):
        return None  # it is not there any more, and the copy is


def _is_here(source: Source) -> bool:
    # Whether a script of the user's, or a module that it has imported, is this very file: nothing need be executed.
    files = (getattr(sys.modules.get(name), "__file__", None) for name in (source.module, "__main__"))
    return source.module not in _loaded and source.path in files and _now(Path(source.path)) == source.digest


def _execute(source: Source) -> None:
    name = source.module
    if name not in _loaded and _is_elsewhere(name, source.path):
        raise RequestError([f"--use {source.name}: Python has a module {name!r} already; rename the file"])
    registry.forget(name)
    spec = spec_from_loader(name, _Kept(source), origin=source.path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        _refuse_hidden(name)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        registry.forget(name)
        sys.modules.pop(name, None)
        _loaded.pop(name, None)
        raise RequestError([f"--use {source.name}: {_place(error, source.path)}{_told(error)}"]) from error
    _loaded[name] = source.digest


def _refuse_hidden(module: str) -> None:
    # An option of the package would be chosen in the place of a class of that name.
    for kind, name, cls in registry.foreign():
        group = "callbacks" if kind == "callback" else kind
        if cls.__module__ == module and (GROUPS / group / f"{name}.yaml").exists():
            raise ValueError(f"there is an option {group}={name} already; choose another name")


def _is_elsewhere(name: str, path: str) -> bool:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # a module without a spec, such as __main__
        return True
    return spec is not None and (spec.origin is None or Path(spec.origin).absolute() != Path(path))


def _imported(source: Source) -> Source:
    try:
        module = importlib.import_module(source.name)
    except ModuleNotFoundError as error:
        if error.name is None or not source.name.startswith(error.name):
            raise RequestError([f"--use {source.name}: {_told(error)}"]) from error
        near = did_you_mean(source.name, sorted(each.stem for each in Path().glob("*.py")))
        hint = f"{near[:-2]}.py'?" if "did you mean" in near else "; a file is named with its ending, mine.py"
        raise RequestError([f"--use {source.name}: there is no module {error.name!r}{hint}"]) from error
    except (Exception, SystemExit) as error:
        raise RequestError([f"--use {source.name}: {_told(error)}"]) from error
    file = getattr(module, "__file__", None)
    if not file or not file.endswith(".py"):
        return source
    own_code.allow(own_code.Code(source.name, file, Path(file).read_text(encoding="utf-8")))
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    if source.digest not in ("", digest):
        raise RequestError([f"{file} has changed since the run was started; put it back, or start a new run"])
    return Source(source.name, file, digest)


def _place(error: BaseException, path: str) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"line {lines[-1]}: " if lines else ""


def _told(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
