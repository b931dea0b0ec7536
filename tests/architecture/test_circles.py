"""No module of the library imports, by way of others, itself: imports inside functions count like those at the top."""

import ast
from pathlib import Path

import syntonic

ROOT = Path(syntonic.__file__).parent
LEAVES = {"syntonic._core"}  # compiled: it imports nothing of the library


def module(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(name: str) -> set[str]:
    """Returns the modules of the library that a module names in an import."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from package import name` names a module, or something that the package itself holds.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner
            if inner - MODULES.keys() - LEAVES:
                found.add(node.module)
    return found & MODULES.keys() - {name}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Returns the groups of modules of which each imports each other one, by Tarjan's algorithm."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        path.append(name)
        for other in sorted(edges[name]):
            if other not in number:
                visit(other)
            if other in path:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            group = path[path.index(name) :]
            del path[path.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in edges:
        if name not in number:
            visit(name)
    return found


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c", "d"}, "c": {"b"}, "d": set()}) == [["b", "c"]]


def test_there_is_no_import_circle():
    assert circles({name: imported(name) for name in MODULES}) == []
