"""Who may import whom: a room uses only the rooms below it, and some libraries belong to one file."""

import ast
from pathlib import Path

import pytest

import syntonic

ROOT = Path(syntonic.__file__).parent
CRATES = ROOT.parent / "rust_core"

# Lowest first; rooms on one level do not know one another.
LEVELS = [
    ["_core"],
    ["core"],
    ["classic"],
    ["sn"],
    ["nn.layers", "nn.loss"],
    ["nn.winding"],
    ["nn.architectures"],
    ["benchmarks", "tracking", "nn.training", "nn.analysis"],
    ["runners", "classic.nn"],
]
HEIGHT = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# Libraries, and the only places that may import them.
HOMES = {
    "hydra": "runners/",
    "omegaconf": "runners/",
    "mlflow": "tracking/stores/mlflow_run.py",
    "numpy": "benchmarks/datasets.py",
    "scipy": "benchmarks/datasets.py",
    "optuna": "runners/sweepers/tpe.py",
    "joblib": "runners/launchers/joblib.py",
    "ray": "runners/launchers/ray_driver.py",
    "submitit": "runners/launchers/submitit",
    "onnx": "runners/export/onnx_file.py",
    "sklearn": "benchmarks/backprop.py",
    "gymnasium": "benchmarks/gym.py",
    "PIL": "benchmarks/reading/pixels.py",
    "pyarrow": "benchmarks/reading/parquet.py",
    "torch": "nowhere",
    "jax": "nowhere",
    "pandas": "nowhere",
}
RUST_LEVELS = [
    *["error", "threads", "exact", "tensor", "cuda", "gemm", "loops", "ops", "eager"],
    *["program", "evolve"],
]


def room_of(module: str) -> str | None:
    inside = module.removeprefix("syntonic.")
    found = [room for room in HEIGHT if inside == room or inside.startswith(f"{room}.")]
    return max(found, key=len, default=None)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_below(path):
    own = room_of("syntonic." + ".".join(path.relative_to(ROOT).with_suffix("").parts))
    if own is None:
        return
    for name in imports(path):
        other = room_of(name) if name.startswith("syntonic.") else None
        if other not in (None, own):
            assert HEIGHT[other] < HEIGHT[own], f"{own} may not import {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_libraries_stay_at_home(path):
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or place.startswith(home), f"{place} may not import {name}, which belongs to {home}"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("__init__.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_package_only_re_exports(path):
    for node in ast.parse(path.read_text()).body:
        assert isinstance(node, ast.Import | ast.ImportFrom | ast.Expr), f"{path}: line {node.lineno} is no re-export"


def test_rust_rooms_use_only_rooms_below():
    for level, room in enumerate(RUST_LEVELS):
        above = RUST_LEVELS[level + 1 :]
        for path in [*(CRATES / "src" / room).rglob("*.rs"), *(CRATES / "src").glob(f"{room}.rs")]:
            for line in path.read_text().splitlines():
                used = [other for other in above if f"crate::{other}" in line and not line.lstrip().startswith("//")]
                assert not used, f"{path.name} uses {used}: {line.strip()}"


def test_unsafe_code_lies_in_named_files_and_pyo3_in_its_crate():
    allowed = {CRATES / f"py/src/{name}.rs" for name in ("buffer", "dlpack")}
    allowed |= {CRATES / f"src/cuda/{name}.rs" for name in ("blas", "launch", "native")}
    for path in [path for crate in ("src", "classic", "py/src") for path in (CRATES / crate).rglob("*.rs")]:
        text = path.read_text()
        if path not in allowed:
            assert "allow(unsafe_code" not in text, f"{path} may not allow unsafe code"
        if CRATES / "py" not in path.parents:
            assert "pyo3" not in text, f"{path} may not know Python"
