"""An operation of each element touches three files, one with a kernel four: those of docs/adding-things.md."""

import os
import re
import shutil
import subprocess

import pytest
from repository_copy import PAGE, ROOT, Copy

from syntonic import _core
from syntonic.kernels import DeviceUnavailable

RUST = (
    "rust_core",
    "Cargo.toml",
    "Cargo.lock",
    "clippy.toml",
    "rustfmt.toml",
    "LICENSE",
    "README.md",
    "pyproject.toml",
)
WRITER = "rust_core/py/write_stub.py"


def block(section: str, language: str) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text().split(f"\n## {section}\n")[1], re.DOTALL)[0]


@pytest.fixture
def crates(copy):
    """A copy with the crates, too."""
    for top in RUST:
        (shutil.copytree if (ROOT / top).is_dir() else shutil.copy)(ROOT / top, copy.root / top)
    return copy


def rust_touched(copy: Copy) -> set[str]:
    files = {p.relative_to(copy.root) for p in (copy.root / "rust_core").rglob("*") if p.is_file()}
    changed = {p for p in files if not (ROOT / p).exists() or (ROOT / p).read_bytes() != (copy.root / p).read_bytes()}
    return {p.as_posix() for p in changed if "__pycache__" not in p.parts}


def build(copy: Copy) -> None:
    """Compiles the copy's core, quickly rather than well, and writes the types of its operations."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("no cargo to compile the core with")
    words = ["build", "--locked", "--offline", "-p", "syntonic-py", "--features", "pyo3/extension-module"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(ROOT / "target" / "adding"), "CARGO_PROFILE_DEV_DEBUG": "0"}
    done = subprocess.run([cargo, *words], cwd=copy.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for core in (copy.root / "syntonic").glob("_core*.so"):
        core.unlink()
    shutil.copy(ROOT / "target" / "adding" / "debug" / "lib_core.so", copy.root / "syntonic" / "_core.abi3.so")
    copy.python(WRITER)


def add(copy: Copy, section: str, name: str, *kernel: str) -> None:
    """Does what a section says, and counts the files."""
    (copy.root / f"rust_core/src/ops/{name}.rs").write_text(block(section, "rust"))
    for path in kernel:
        (copy.root / path).write_text(block(section, "cuda"))
    copy.apply(section)
    build(copy)
    files = {f"rust_core/src/ops/{name}.rs", "rust_core/src/ops/mod.rs", "syntonic/sn/functional.pyi", *kernel}
    assert rust_touched(copy) | {path for path in copy.touched() if not path.endswith(".so")} == files
    copy.tests("tests/ops/test_descriptions.py", name)
    copy.tests("tests/architecture/test_stub.py", "operations or Tensor or Symbol")


def compiles(copy: Copy, unit: str, entry: str) -> None:
    """The kernel is machine code for a card, where NVRTC is installed."""
    try:
        _core.cuda_compile("pooling", 90)
    except DeviceUnavailable:
        return
    code = f"from syntonic import _core; print(len(_core.cuda_compile({unit!r}, 90, only={entry!r})))"
    assert int(copy.python("-c", code)) > 1000


@pytest.mark.slow
def test_an_operation_of_each_element(crates):
    add(crates, "An operation", "cube")
    crates.tests("tests/ops/test_every_operation.py", "cube")
    compiles(crates, "unary", "cube")


@pytest.mark.slow
def test_an_operation_with_a_kernel(crates):
    add(crates, "An operation with a kernel", "cumsum", "rust_core/kernels/cumsum.cu")
    compiles(crates, "cumsum", "cumsum")
