"""A wheel in a fresh environment, without Rust and git on the path: run, sweep, resume, report, dashboard.

`SYNTONIC_WHEEL` names the wheel, as `make wheels` does; without it one is packed from the package as it is here.
"""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import syntonic

PACKAGE = Path(syntonic.__file__).parent
LONG = ["benchmark.variant=noisy", "trainer.max_generations=20000"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("uv") is None, reason="needs uv, which makes the fresh environment"),
]


def contents() -> Iterator[tuple[str, bytes]]:
    """The files of a wheel: the package, what it says of itself, and its command."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield f"syntonic/{path.relative_to(PACKAGE)}", path.read_bytes()
    facts = metadata.distribution("syntonic")
    tags = "Wheel-Version: 1.0\nGenerator: syntonic\nRoot-Is-Purelib: false\nTag: cp311-abi3-linux_x86_64\n"
    for name, text in {"METADATA": facts.read_text("METADATA"), "WHEEL": tags}.items():
        assert text is not None
        yield f"syntonic-{facts.version}.dist-info/{name}", text.encode()
    command = b"[console_scripts]\nsyntonic-run = syntonic.runners.cli:main\n"
    yield f"syntonic-{facts.version}.dist-info/entry_points.txt", command


def packed(folder: Path) -> Path:
    """Packs the package as it stands here, without compiling it once more."""
    version = metadata.version("syntonic")
    wheel, lines = folder / f"syntonic-{version}-cp311-abi3-linux_x86_64.whl", []
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents():
            archive.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(content)}")
        record = f"syntonic-{version}.dist-info/RECORD"
        archive.writestr(record, "\n".join([*lines, f"{record},,"]) + "\n")
    return wheel


class Fresh:
    """An environment that has the wheel and what it asks for, and a user whose path leads to nothing else."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.home = folder / "user"
        self.home.mkdir()
        self._bin = folder / "venv" / "bin"
        uv = [str(shutil.which("uv")), "--quiet"]
        subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "venv")], check=True, cwd=folder)
        install = ["pip", "install", "--python", str(self._bin / "python"), f"syntonic[ui] @ {wheel.as_uri()}"]
        subprocess.run([*uv, *install], check=True, cwd=folder)

    @property
    def environment(self) -> dict[str, str]:
        """No compiler, no git, no cache and no settings of whoever runs the tests."""
        return {"PATH": str(self._bin), "HOME": str(self.home), "LANG": "C.UTF-8"}

    def type(self, *words: str) -> str:
        """Types a command, which must succeed."""
        done = subprocess.run(
            [self._bin / "syntonic-run", *words],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *words: str, until: str) -> str:
        """Types a command, ends it by Ctrl-C when it has said something, and returns the line."""
        child = subprocess.Popen(
            [self._bin / "syntonic-run", *words],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        assert child.stdout is not None
        said = next((line for line in child.stdout if until in line), "")
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
        return said

    def ask(self, code: str) -> str:
        """Lets its Python compute."""
        done = subprocess.run(
            [self._bin / "python", "-P", "-c", code],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    folder = tmp_path_factory.mktemp("wheel")
    given = os.environ.get("SYNTONIC_WHEEL")
    return Fresh(folder, Path(given).resolve() if given else packed(folder))


def test_it_is_the_wheel_that_is_imported_and_no_compiler_is_there(fresh: Fresh) -> None:
    missing = ["git", "cargo", "rustc", "cc"]
    code = f"import shutil, syntonic as s; print(s.__file__, s.__version__, *map(shutil.which, {missing}))"
    place, version, *programs = fresh.ask(code).split()
    assert "/venv/" in place
    assert version == metadata.version("syntonic")
    assert programs == ["None"] * len(missing)


def test_run_interrupt_resume_sweep_and_report(fresh: Fresh) -> None:
    said = fresh.type()
    assert "FINISHED after 200 of 200 generations" in said
    assert " accuracy  1.0000  1.0000" in said
    assert "generation" in fresh.start(*LONG, until="evaluations/s")
    runs = [json.loads(path.read_text()) for path in sorted(fresh.home.glob(".syntonic/runs/*/run.json"))]
    assert [run["status"] for run in runs] == ["FINISHED", "KILLED"]
    assert "FINISHED" in fresh.type("resume=last")
    assert "best" in fresh.type("-m", "trainer=retrocausal,es", "seed=0,1", "trainer.max_generations=20")
    assert len(list(fresh.home.glob(".syntonic/sweeps/*/sweep.html"))) == 1
    report = Path(fresh.type("report", "--out", "one.html").strip())
    assert "Where it comes from" in (fresh.home / report).read_text()


def test_the_dashboard_starts(fresh: Fresh) -> None:
    fresh.type("tracking.experiment=shown", "trainer.max_generations=5")
    assert fresh.start("ui", "--no-open", until="http").startswith("http://127.0.0.1:")
