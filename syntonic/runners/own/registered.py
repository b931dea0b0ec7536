"""Code of the user's own that came without `--use`: modules that a script has imported before it started a run.

What they register is used as it is; here it is found again, so that a run keeps it and resumes without the script.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from syntonic.core import registry
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.own.loading import is_loaded
from syntonic.runners.own.source import Source, of_file
from syntonic.runners.own.trust import trust

_INSTALLED: Final = {"site-packages", "dist-packages"}  # comes with its package, by entry points or an import
_HARMLESS: Final = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def modules_of(config: RunConfig) -> list[str]:
    """Returns the modules outside of the package whose classes a config names."""
    used: list[tuple[registry.Kind, str]] = [
        ("model", config.model["name"]),
        ("benchmark", config.benchmark["name"]),
        ("trainer", config.trainer["name"]),
        *(("callback", entry["name"]) for entry in config.callbacks.values()),
    ]
    modules = {registry.lookup(kind, name).__module__ for kind, name in used}
    return sorted(module for module in modules if module.partition(".")[0] != "syntonic")


def registered(config: RunConfig) -> list[Source]:
    """Returns the files behind the classes that a config names, but for installed ones, and trusts them.

    A script that would do more than define things if it were imported is left out.
    """
    found = list(_files(config))
    for source in found:
        trust(source)
    return found


def _files(config: RunConfig) -> Iterator[Source]:
    for module in modules_of(config):
        file = getattr(sys.modules.get(module), "__file__", None)
        if is_loaded(module) or file is None or "." in module or _INSTALLED & set(Path(file).parts):
            continue
        try:
            source = of_file(Path(file))
        except RequestError:
            continue  # it cannot be named by `--use` either
        if module != "__main__" or _only_defines(source.text):
            yield source


def _only_defines(text: str) -> bool:
    # Whether a script does nothing else when it is imported: its start stands behind `if __name__ == "__main__"`.
    return all(map(_is_harmless, ast.parse(text).body))


def _is_harmless(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Compare) and ast.unparse(node.test.left) == "__name__"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return not any(isinstance(each, ast.Call) for each in ast.walk(node))
    return isinstance(node, _HARMLESS)
