"""Operations, a setting, a figure and a strategy in Rust touch the files that docs/adding-things.md says, and work.

Each is added to a copy of its own, where its files are counted, and all of them to one copy, which is compiled once.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from repository_copy import ROOT, Copy, shown

from syntonic import _core
from syntonic.kernels import DeviceUnavailable

STUB = "syntonic/sn/functional.pyi"  # the third file of an operation, which a program writes


def cube(copy: Copy) -> None:
    copy.write("rust_core/src/ops/cube.rs", shown("An operation")[0])
    copy.apply("An operation")


def cumsum(copy: Copy) -> None:
    code, kernel = shown("An operation with a kernel")
    copy.write("rust_core/src/ops/cumsum.rs", code)
    copy.write("rust_core/kernels/cumsum.cu", kernel)
    copy.apply("An operation with a kernel")


def setting(copy: Copy) -> None:
    copy.apply("A setting of the trainer")
    copy.write("tests/nn/training/test_shrinkage.py", shown("A setting of the trainer")[0])


def figure(copy: Copy) -> None:
    copy.apply("A figure of a generation")
    copy.write("tests/nn/training/test_fitness_lead.py", shown("A figure of a generation")[0])


def strategy(copy: Copy) -> None:
    snes = (copy.root / "rust_core/src/evolve/strategies/snes.rs").read_text()
    copy.write("rust_core/src/evolve/strategies/twin.rs", snes.replace('"snes"', '"twin"'))
    copy.edit("rust_core/src/evolve/strategies/mod.rs", "mod snes;", "mod snes;\nmod twin;")
    copy.edit("rust_core/src/evolve/strategies/mod.rs", "entry!(snes),", "entry!(snes),\n    entry!(twin),")
    config = (copy.root / "syntonic/conf/trainer/snes.yaml").read_text()
    copy.write("syntonic/conf/trainer/twin.yaml", config.replace("name: snes", "name: twin"))


OPERATIONS = "rust_core/src/ops"
EVOLVE = "rust_core/src/evolve"
TRAINER = "syntonic/conf/trainer"
TESTS = "tests/nn/training"
ADDED = {
    cube: {f"{OPERATIONS}/cube.rs", f"{OPERATIONS}/mod.rs"},
    cumsum: {f"{OPERATIONS}/cumsum.rs", f"{OPERATIONS}/mod.rs", "rust_core/kernels/cumsum.cu"},
    setting: {
        f"{EVOLVE}/config.rs",
        f"{EVOLVE}/evolution/step.rs",
        f"{TRAINER}/retrocausal.yaml",
        f"{TESTS}/test_shrinkage.py",
    },
    figure: {f"{EVOLVE}/record.rs", f"{TESTS}/test_fitness_lead.py"},
    strategy: {f"{EVOLVE}/strategies/twin.rs", f"{EVOLVE}/strategies/mod.rs", f"{TRAINER}/twin.yaml"},
}


@pytest.mark.parametrize("add", ADDED)
def test_these_files_are_touched(tmp_path: Path, add: Callable[[Copy], None]) -> None:
    copy = Copy.with_crates(tmp_path)
    assert copy.touched() == []
    add(copy)
    assert set(copy.touched()) == ADDED[add]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy with all of them, compiled quickly rather than well, and the types of its operations written."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("no cargo to compile the core with")
    copy = Copy.with_crates(tmp_path_factory.mktemp("crates"))
    for add in ADDED:
        add(copy)
    target = ROOT / "target" / "adding"
    # What optimizes takes four times as long, and nothing here computes for long.
    quick = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_DEV_OPT_LEVEL": "0", "CARGO_INCREMENTAL": "0"}
    words = ["build", "--locked", "--offline", "-p", "syntonic-py", "--features", "pyo3/extension-module"]
    environment = {**os.environ, **quick, "CARGO_TARGET_DIR": str(target)}
    done = subprocess.run([cargo, *words], cwd=copy.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for core in (copy.root / "syntonic").glob("_core*.so"):
        core.unlink()
    shutil.copy(target / "debug" / "lib_core.so", copy.root / "syntonic" / "_core.abi3.so")
    before = set(copy.touched())
    copy.python("rust_core/py/write_stub.py")
    assert set(copy.touched()) - before == {STUB}
    return copy


def compiles(copy: Copy, unit: str, entry: str) -> None:
    """The kernel is machine code for a card, where NVRTC is installed."""
    try:
        _core.cuda_compile("pooling", 90)
    except DeviceUnavailable:
        return
    code = f"from syntonic import _core; print(len(_core.cuda_compile({unit!r}, 90, only={entry!r})))"
    assert int(copy.python("-c", code)) > 1000


@pytest.mark.slow
def test_an_operation_of_each_element(compiled: Copy) -> None:
    assert "def cube(" in (compiled.root / STUB).read_text()
    compiled.tests("tests/ops/test_descriptions.py", "cube")
    compiled.tests("tests/ops/test_every_operation.py", "cube")
    compiles(compiled, "unary", "cube")


@pytest.mark.slow
def test_an_operation_with_a_kernel(compiled: Copy) -> None:
    assert "def cumsum(" in (compiled.root / STUB).read_text()
    compiled.tests("tests/ops/test_descriptions.py", "cumsum")
    compiles(compiled, "cumsum", "cumsum")


@pytest.mark.slow
def test_the_types_are_those_of_the_core(compiled: Copy) -> None:
    compiled.tests("tests/architecture/test_stub.py", "operations or Tensor or Symbol")


@pytest.mark.slow
def test_a_setting(compiled: Copy) -> None:
    compiled.tests("tests/nn/training/test_shrinkage.py", "shrink")
    compiled.tests("tests/nn/training/test_settings.py", "described or made_of")
    assert "shrinkage" in compiled.command("--cfg", "trainer.shrinkage=0.1")


@pytest.mark.slow
def test_a_figure(compiled: Copy) -> None:
    compiled.tests("tests/nn/training/test_fitness_lead.py", "lead")


@pytest.mark.slow
def test_a_strategy_in_rust(compiled: Copy) -> None:
    assert "FINISHED" in compiled.command("trainer=twin", "trainer.max_generations=5", "tracking=none")
