"""`syntonic-run new`: files to begin with for a model, benchmark, callback or trainer of one's own."""

import keyword
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from syntonic.core import registry
from syntonic.runners.command.help import GROUPS, command
from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError, did_you_mean

_TEMPLATES: Final = Path(__file__).parents[1] / "templates"

HELP: Final = """\
syntonic-run new model|benchmark|callback|trainer NAME: writes NAME.py and test_NAME.py into this folder.

  syntonic-run new model two_towers
  syntonic-run --use two_towers.py model=two_towers
  pytest test_two_towers.py

The file runs as it stands. Its keyword arguments are what a config may set; no YAML file is needed."""


def run(argv: Sequence[str]) -> int:
    """Writes the files, prints what to do next, and returns the exit code."""
    names = read("new", argv, most=2).names
    kind = next((each for each in registry.OPEN if names[:1] == [each]), None)
    if kind is None or len(names) != 2:
        near = did_you_mean(names[0], registry.OPEN) if names and kind is None else ""
        raise RequestError([f"new: say what and its name: new model|benchmark|callback|trainer NAME{near}"])
    name = names[1]
    group = "callbacks" if kind == "callback" else kind
    _refuse(kind, group, name)
    texts = {Path(f"{name}.py"): f"{kind}.py.txt", Path(f"test_{name}.py"): f"{kind}_test.py.txt"}
    if there := [str(path) for path in texts if path.exists()]:
        raise RequestError([f"new: {' and '.join(there)}: there already; choose another name, or move it away"])
    facts = {"name": name, "title": "".join(part.capitalize() for part in name.split("_"))}
    try:
        for path, template in texts.items():
            text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(facts)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError([f"new: {path} cannot be written: {error.strerror}"]) from error
    print(f"wrote {' and '.join(map(str, texts))}; next:")
    print(f"  {command(f'syntonic-run --use {name}.py {group}={name}')}")
    print(f"  pytest test_{name}.py")
    return 0


def _refuse(kind: registry.Kind, group: str, name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or not name.islower() or not name.isascii():
        hint = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in name.lower())
        usable = hint.isidentifier() and not keyword.iskeyword(hint) and hint.strip("_")
        near = f"; try {hint}" if usable else ""
        raise RequestError([f"new: {name!r} must be lower-case letters, digits and _, as in two_towers{near}"])
    if name in registry.names(kind) or (GROUPS / group / f"{name}.yaml").exists():
        raise RequestError([f"new: there is a {kind} {name!r} already; choose another name"])
    if find_spec(name) is not None and not Path(f"{name}.py").exists():
        raise RequestError([f"new: Python has a module {name!r} already; choose another name"])
