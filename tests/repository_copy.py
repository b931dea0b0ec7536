"""A copy of the package in which something is added as docs/adding-things.md says, and that knows what was touched."""

import filecmp
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import syntonic

ROOT = Path(syntonic.__file__).parent.parent
PAGE = ROOT / "docs" / "adding-things.md"
COPIED = ("syntonic", "tests", "docs")
CRATES = ("rust_core", "Cargo.toml", "Cargo.lock", "pyproject.toml")


@dataclass(frozen=True)
class Copy:
    """The copy, at `root`. What is started in it imports the copied package; the compiled core is a link."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "Copy":
        """Copies the package, its tests and its documents."""
        for top in COPIED:
            shutil.copytree(ROOT / top, root / top, ignore=shutil.ignore_patterns("__pycache__", "*.so", "images"))
        for core in (ROOT / "syntonic").glob("*.so"):
            (root / "syntonic" / core.name).symlink_to(core)
        return cls(root)

    @classmethod
    def with_crates(cls, root: Path) -> "Copy":
        """Copies what the core is compiled from, too."""
        for top in CRATES:
            (shutil.copytree if (ROOT / top).is_dir() else shutil.copy)(ROOT / top, root / top)
        return cls.at(root)

    def write(self, path: str, text: str) -> None:
        """Adds a file."""
        assert not (self.root / path).exists(), f"{path} is there already"
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces `old`, which must stand once in a file."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        (self.root / path).write_text(text.replace(old, new))

    def apply(self, section: str) -> None:
        """Makes the changes to files that a section of the page shows as differences."""
        for block in re.findall(r"```diff\n\+\+\+ (.*?)```", _section(section), re.DOTALL):
            path, *lines = block.splitlines()
            old, new = ([line[1:] for line in lines if line[0] != sign] for sign in "+-")
            self.edit(path, "\n".join(old), "\n".join(new))

    def touched(self) -> list[str]:
        """Returns the files that are not as they are in the repository."""
        files = [p.relative_to(self.root) for top in (*COPIED, "rust_core") for p in (self.root / top).rglob("*")]
        files = [p for p in files if (self.root / p).is_file() and "__pycache__" not in p.parts and p.suffix != ".so"]
        return sorted(p.as_posix() for p in files if not _same(ROOT / p, self.root / p))

    def python(self, *words: str) -> str:
        """Runs Python in the copy and returns what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.root), "HOME": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self, *words: str) -> str:
        """Runs `syntonic-run` in the copy and returns what it printed."""
        return self.python("-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())", *words)

    def tests(self, path: str, matching: str) -> None:
        """Runs the copy's tests in `path` whose names match, of which there must be some."""
        shutil.copy(ROOT / "pyproject.toml", self.root)
        said = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", path, "-k", matching)
        assert re.search(r"\d+ passed", said), said


def _same(one: Path, other: Path) -> bool:
    return one.exists() and filecmp.cmp(one, other, shallow=False)


def shown(section: str) -> list[str]:
    """Returns the blocks of code of a section of the page, in order."""
    return re.findall(r"```(?:python|yaml|rust|cuda)\n(.*?)```", _section(section), re.DOTALL)


def _section(name: str) -> str:
    return PAGE.read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
