"""Makes the pages of the reference while mkdocs builds, from what the program itself goes by: they cannot fall behind.

`Reference: commands` is the help of each command, `Reference: config` every key of every option, from the schema of the
class that the option names, `Reference: Python` what the public modules offer, from their signatures and docstrings.
"""

import importlib
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import yaml

from syntonic.core import registry
from syntonic.runners.command import help as help_text
from syntonic.runners.command.table import COMMANDS
from syntonic.runners.config.run_config import RunConfig, keys
from syntonic.runners.sweep.settings import Settings

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

CONF = Path(help_text.GROUPS)
KINDS: Mapping[registry.Kind, str] = {
    "model": "model",
    "benchmark": "benchmark",
    "trainer": "trainer",
    "callback": "callbacks",
    "tracking": "tracking",
    "sweeper": "hydra/sweeper",
    "launcher": "hydra/launcher",
}
BOUNDS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}", "multiple_of": "{} n"}
PUBLIC = (  # what user code imports: runs, then what models, data and trainers are written with
    "syntonic",
    "syntonic.sn",
    "syntonic.sn.functional",
    "syntonic.nn.layers",
    "syntonic.nn.architectures",
    "syntonic.nn.loss",
    "syntonic.nn.training",
    "syntonic.nn.analysis",
    "syntonic.benchmarks",
)
Row = tuple[str, object, str, str]


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Adds the pages; mkdocs calls it."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "reference-commands.md", content=commands()))
    files.append(File.generated(config, "reference-config.md", content=settings()))
    files.append(File.generated(config, "reference-python.md", content=python()))
    return files


def commands() -> str:
    """Returns the page on the command line."""
    parts = [f"# Commands\n\n```\n{help_text.text()}\n```"]
    for name in COMMANDS:
        text = importlib.import_module(f"syntonic.runners.command.{name}").HELP
        parts.append(f"## {name}\n\n```\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def settings() -> str:
    """Returns the page on every key of a config."""
    top = [(key.name, key.default, "", key.text) for key in keys(RunConfig)]
    sweeps = [(key.name, key.default, "", key.text) for key in keys(Settings, "sweep.")]
    parts = ["# Every key", "## Keys of a run", table(top), "## Keys of a sweep", table(sweeps)]
    for kind, group in KINDS.items():
        parts += [f"## {group}", options(group)]
        seen: set[type] = set()
        for name in registry.names(kind):
            cls = registry.lookup(kind, name)
            if cls in seen:
                continue
            seen.add(cls)
            found = list(rows(cls))
            parts += [f"### {kind} {name}", first_line(cls), table([*found, *hydras(group, name, found)])]
    return "\n\n".join(part for part in parts if part) + "\n"


def python() -> str:
    """Returns the page on the Python API."""
    parts = ["# Python", "`help(...)` of a name has its arguments, shapes and errors."]
    for name in PUBLIC:
        module = importlib.import_module(name)
        lines = [
            f"| `{word}{signature(thing)}` | {escape(first_line(thing), quote=False)} |"
            for word, thing in sorted(vars(module).items())
            if callable(thing) and str(getattr(thing, "__module__", "")).startswith("syntonic") and word[0] != "_"
        ]
        parts += [f"## {name}", first_line(module), "\n".join(["| | |", "|---|---|", *lines])]
    return "\n\n".join(parts) + "\n"


def signature(thing: Any) -> str:  # noqa: ANN401 (a class or a function)
    """Returns the names of the arguments, with their defaults."""
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:  # some of what is compiled has none
        return "(...)"
    shown = [f"{each.name}={each.default!r}" if each.default is not each.empty else each.name for each in found]
    return f"({', '.join(shown)})".replace("|", "\\|")


def options(group: str) -> str:
    """Returns what each option of a group is, by the first comment of its file, and what it sets."""
    lines = []
    for path in sorted((CONF / group).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        comment = text.partition("\n")[0].lstrip("# ")
        named = ", ".join(f"`{name}`" for name in sorted(set(re.findall(r"^ *name: (\w+)", text, re.MULTILINE))))
        lines.append(f"- `{group}={path.stem}`{f' ({named})' if named else ''}: {comment}")
    return "\n".join(lines)


def rows(cls: type) -> Iterator[Row]:
    """Yields the keys of a class: name, default, which values, what it is."""
    texts = arguments(inspect.getdoc(cls) or "")
    for name, parameter in registry.arguments(cls).items():
        default = "" if parameter.default is parameter.empty else parameter.default
        yield name, default, values(parameter.annotation), texts.get(name, "")


def hydras(group: str, name: str, known: list[Row]) -> Iterator[Row]:
    """Yields the keys of an option that are Hydra's, not the class's, as its file explains them."""
    path = CONF / group / f"{name}.yaml"
    for line in path.read_text(encoding="utf-8").splitlines() if group.startswith("hydra/") and path.exists() else ():
        key = re.match(r"(\w+): (.*?) +# (.*)", line)
        if key and key[1] not in {"name", *(row[0] for row in known)}:
            yield key[1], yaml.safe_load(key[2]), "", key[3]


def table(found: list[Row]) -> str:
    """Returns a table in Markdown."""
    if not found:
        return "No keys."
    lines = ["| key | default | values | |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | `{help_text.plain(default)}` | {kinds} | {escape(text, quote=False)} |"
        for name, default, kinds, text in found
    ]
    return "\n".join(line.replace("``", "") for line in lines)


def first_line(thing: object) -> str:
    """Returns the first paragraph of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def arguments(doc: str) -> dict[str, str]:
    """Returns what a docstring says of each argument."""
    found: dict[str, str] = {}
    for block in re.findall(r"^(?:Args|Settings):\n((?:[ ]+.*\n?|\n)+)", doc, re.MULTILINE):
        name = ""
        for line in block.splitlines():
            if start := re.match(r" {4}([\w, ]+): (.*)", line):
                name = start[1]
                found |= dict.fromkeys(name.split(", "), start[2])
            elif name and line.strip():
                found |= {each: f"{found[each]} {line.strip()}" for each in name.split(", ")}
    return {name: text.replace("|", "\\|") for name, text in found.items()}


def values(hint: Any) -> str:  # noqa: ANN401 (a form of typing)
    """Returns which values an annotation allows.

    >>> values(Literal["min", "max"] | None)
    '`min`, `max`; or null'
    """
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [text.format(f"{bound:,}") for each in inside[1:] for text, bound in limits(each)]
        return ", ".join([values(inside[0]), *bounds])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin in (Union, types.UnionType):
        return "; or ".join("null" if each is type(None) else values(each) for each in inside)
    if origin is not None:
        many = [values(each) for each in inside if each is not ...]
        return f"{'map' if issubclass(origin, Mapping) else 'list'} of {', '.join(many)}"
    return getattr(hint, "__name__", str(hint))


def limits(each: object) -> Iterator[tuple[str, Any]]:
    """Yields the text of each bound that an annotation sets."""
    for name, text in BOUNDS.items():
        if (bound := getattr(each, name, None)) is not None:
            yield text, bound
