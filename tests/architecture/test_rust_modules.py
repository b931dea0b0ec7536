"""Rust's modules: each file is declared where rustfmt sees it, and no file depends on one that depends on it."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import syntonic

CRATES = Path(syntonic.__file__).parent.parent / "rust_core"
SOURCES = sorted(path.parent for path in CRATES.rglob("src/lib.rs") if "target" not in path.parts)
Names = dict[str, tuple[str, ...]]


def code(path: Path) -> str:
    """The source without comments, texts and the tests at its end."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]


def outside_of_macros(text: str) -> str:
    """What stands at the left margin: everything within braces is taken out."""
    while (less := re.sub(r"\{[^{}]*\}", "", text)) != text:
        text = less
    return re.sub(r"\([^()]*\)", "", text)


def children(file: Path, root: Path, text: str) -> Iterator[Path]:
    folder = file.parent if file.name in ("lib.rs", "mod.rs") else file.with_suffix("")
    for name in re.findall(r"^\s*(?:pub(?:\([a-z]+\))? )?mod (\w+);", text, re.M):
        found = [place for place in (folder / f"{name}.rs", folder / name / "mod.rs") if place.exists()]
        assert len(found) == 1, f"{file.relative_to(root)} declares {name}, which has {len(found)} files"
        yield found[0]


def reached(root: Path, read) -> set[Path]:
    found, todo = set(), [root / "lib.rs"]
    while todo:
        file = todo.pop()
        found.add(file)
        todo += children(file, root, read(file))
    return found


@pytest.mark.parametrize("root", SOURCES, ids=str)
def test_rustfmt_reaches_every_file(root):
    """rustfmt follows `mod x;` where it stands by itself, and not what a macro writes."""
    assert reached(root, lambda file: outside_of_macros(file.read_text())) == set(root.rglob("*.rs"))


def test_no_test_stands_where_cargo_runs_none():
    """The extension has `test = false`: compiling it for tests, and PyO3, takes a minute."""
    assert tomllib.loads((CRATES / "py" / "Cargo.toml").read_text())["lib"]["test"] is False
    assert [path for path in (CRATES / "py").rglob("*.rs") if "#[test]" in path.read_text()] == []


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo formats")
def test_the_check_finds_an_operation_that_is_formatted_badly(tmp_path):
    check = "cargo fmt --all --check"
    assert f"\ncheck:\n\t{check}\n" in (CRATES.parent / "Makefile").read_text()
    for name in ("Cargo.toml", "Cargo.lock", "rustfmt.toml"):
        shutil.copy(CRATES.parent / name, tmp_path)
    shutil.copytree(CRATES, tmp_path / "rust_core")
    operation = tmp_path / "rust_core/src/ops/softmax.rs"
    operation.write_text(operation.read_text().replace("use ", "use  "))
    done = subprocess.run(check.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert set(re.findall(r"\w+\.rs", done.stdout)) == {"softmax.rs"}


def test_a_declaration_within_a_macro_is_no_declaration():
    assert "mod x;" not in outside_of_macros("table! {\n    mod x;\n}\n(mod x;)")
    assert "mod x;" in outside_of_macros("fn f() { 1 }\nmod x;")


def module(file: Path, root: Path) -> tuple[str, ...]:
    parts = file.relative_to(root).with_suffix("").parts
    return parts[:-1] if parts[-1] in ("mod", "lib") else parts


def leaves(tree: str, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The paths of a use declaration and the names that they get: a::{b, c::d as e} is a::b and a::c::d."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if not brace:
        path, _, alias = tree.partition(" as ")
        parts = (*prefix, *(part.strip() for part in path.split("::")))
        parts = parts[:-1] if parts[-1] == "self" else parts
        yield parts, alias.strip() or parts[-1]
        return
    prefix = (*prefix, *(part.strip() for part in head.split("::") if part.strip()))
    depth, start = 0, 0
    inner = rest.rstrip()[:-1]
    for i, letter in enumerate(inner + ","):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            if inner[start:i].strip():
                yield from leaves(inner[start:i], prefix)
            start = i + 1


class Crate:
    """Modules, what each re-exports, and what each uses."""

    def __init__(self, root: Path) -> None:
        self.files = {module(file, root): code(file) for file in reached(root, code)}
        self.reexports: dict[tuple[str, ...], Names] = {}
        for own, text in self.files.items():
            uses = re.findall(r"pub(?:\([a-z]+\))? use ([^;]+);", text)
            self.reexports[own] = {name: path for tree in uses for path, name in leaves(tree)}

    def absolute(self, own: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...] | None:
        if path[0] == "crate":
            return path[1:]
        if path[0] == "self":
            return (*own, *path[1:])
        if path[0] == "super":
            while path and path[0] == "super":
                own, path = own[:-1], path[1:]
            return (*own, *path)
        return (*own, *path) if (*own, path[0]) in self.files else None

    def home(self, path: tuple[str, ...], depth: int = 0) -> tuple[str, ...]:
        """The module that defines what a path names, through what others re-export."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.files:
                own, rest = path[:end], path[end:]
                break
        through = self.reexports[own].get(rest[0]) if rest else None
        if through is None or depth > 5:
            return own
        target = self.absolute(own, through)
        return own if target is None else self.home(target, depth + 1)

    def uses(self, own: tuple[str, ...]) -> set[tuple[str, ...]]:
        text = self.files[own]
        found = {path for tree in re.findall(r"^\s*use ([^;]+);", text, re.M) for path, _ in leaves(tree)}
        found |= {tuple(path.split("::")) for path in re.findall(r"\b(?:crate|super)(?:::\w+)+", text)}
        targets = {self.absolute(own, path) for path in found}
        return {self.home(target) for target in targets if target is not None} - {own}


def circles(graph: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[list[tuple[str, ...]]]:
    """Groups of modules each of which leads to all others."""
    behind = {}
    for start in graph:
        seen, todo = set(), [start]
        while todo:
            for following in graph[todo.pop()] - seen:
                seen.add(following)
                todo.append(following)
        behind[start] = seen
    groups = {frozenset(b for b in behind[a] if a in behind[b]) for a in graph if a in behind[a]}
    return sorted(sorted(group) for group in groups)


@pytest.mark.parametrize("root", SOURCES, ids=str)
def test_no_file_depends_on_one_that_depends_on_it(root):
    crate = Crate(root)
    found = circles({own: crate.uses(own) for own in crate.files})
    assert not found, "\n".join(", ".join("::".join(name) or "lib" for name in circle) for circle in found)


def test_a_circle_is_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "lib.rs").write_text("mod a;\nmod b;\n")
    (tmp_path / "a/mod.rs").write_text("mod one;\nmod two;\npub use one::One;\n")
    (tmp_path / "a/one.rs").write_text("use super::two::{Two, Three};\npub struct One;\n")
    (tmp_path / "a/two.rs").write_text("use crate::b::Four;\npub struct Two;\n")
    (tmp_path / "b.rs").write_text("use crate::{a::One as Uno};\npub struct Four;\n")
    crate = Crate(tmp_path)
    assert circles({own: crate.uses(own) for own in crate.files}) == [[("a", "one"), ("a", "two"), ("b",)]]
