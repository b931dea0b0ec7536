"""Importing the library must not import an array library: those are for the tests and for the user's own code."""

import pkgutil
import subprocess
import sys

import syntonic

ARRAY_LIBRARIES = {"numpy", "torch", "pandas", "jax"}
# The edges that may: data that scikit-learn ships or that a recipe written in NumPy generates, and the MLflow client.
EDGES = {"syntonic.benchmarks.datasets", "syntonic.tracking.stores.mlflow_run"}


def test_no_module_imports_an_array_library():
    names = [m.name for m in pkgutil.walk_packages(syntonic.__path__, "syntonic.") if m.name not in EDGES]
    names = [name for name in names if not name.endswith("__main__")]
    assert "syntonic.nn.architectures.mlp" in names
    script = f"""
import importlib, sys
for name in {names}:
    before = set(sys.modules)
    importlib.import_module(name)
    if found := {ARRAY_LIBRARIES} & (set(sys.modules) - before):
        sys.exit(f"{{name}} imports {{found}}")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


OWN = {
    "syntonic.compat",
    "syntonic.version",
    "syntonic.core.status",
    "syntonic.runners.api",
    "syntonic.runners.run.record",
}
SLOW = {
    "asyncio",
    "email",
    "http",
    "importlib.metadata",
    "json",
    "logging",
    "multiprocessing",
    "subprocess",
    "typing_extensions",
}


def test_import_syntonic_imports_no_more_than_what_names_its_functions():
    script = "import sys; before = set(sys.modules); import syntonic; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found = done.stdout.split()
    ours = {name for name in found if name.partition(".")[0] == "syntonic"}
    assert {name for name in ours if not any(other.startswith(f"{name}.") for other in ours)} == OWN
    others = {name.partition(".")[0] for name in found} - {"syntonic"}
    assert others <= set(sys.stdlib_module_names), "no package of others, and not the compiled core"
    assert not SLOW & set(found)
