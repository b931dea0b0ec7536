"""The stub of the compiled core names what is there, and nothing else."""

import ast
import inspect
import runpy
from pathlib import Path

import pytest

import syntonic
from syntonic import _core
from syntonic.sn import functional

ROOT = Path(syntonic.__file__).parent
STUB = ast.parse((ROOT / "_core.pyi").read_text())
OPERATIONS = ast.parse((ROOT / "sn/functional.pyi").read_text())
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
# What `Tensor` and `Symbol` share has a stub of its own.
SHARED = {node.name: node for node in OPERATIONS.body if isinstance(node, ast.ClassDef)}
# What Python gives every class, and what only the interpreter calls.
QUIET = {
    *dir(object),
    "__module__",
    "__buffer__",
    "__release_buffer__",
    "__bool__",
    "__float__",
    "__slotnames__",
    "__getattr__",
}
REFLECTED = {f"__r{name}__" for name in ("add", "sub", "mul", "matmul", "truediv", "pow")}  # come with their partners
EXCEPTIONS = {name for name in CLASSES if issubclass(getattr(_core, name, object), Exception)}
DOCUMENTED = [name for name in CLASSES if not name.startswith("_") and name not in EXCEPTIONS]


def members(name: str) -> set[str]:
    node = (CLASSES | SHARED)[name]
    own = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    own |= {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}
    return own.union(*(members(base.id) for base in node.bases))


def test_module():
    functions = {n.name for n in STUB.body if isinstance(n, ast.FunctionDef) if not n.name.startswith("_")}
    constants = {n.target.id for n in STUB.body if isinstance(n, ast.AnnAssign)}
    public = {n for n in vars(_core) if not n.startswith("_")}
    aliases = {target.id for n in STUB.body if isinstance(n, ast.Assign) for target in n.targets if target.id[0] != "_"}
    assert public == functions | constants | aliases | {name for name in CLASSES if not name.startswith("_")}


def test_exceptions():
    for name in EXCEPTIONS:
        assert {base.id for base in CLASSES[name].bases} == {base.__name__ for base in getattr(_core, name).__bases__}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_class(name):
    cls = getattr(_core, name)
    assert set(dir(cls)) - QUIET - REFLECTED == members(name) - QUIET - REFLECTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_arguments(name):
    for function in CLASSES[name].body:
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("__"):
            continue
        real = inspect.getattr_static(getattr(_core, name), function.name)
        if inspect.isgetsetdescriptor(real):
            kinds = {getattr(d, "id", getattr(d, "attr", "")) for d in function.decorator_list}
            assert kinds & {"property", "setter"}, function.name
            continue
        given = [a.arg for a in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]]
        found = list(inspect.signature(getattr(getattr(_core, name), function.name)).parameters)
        assert given == found, function.name


def test_operations():
    """The stub of the operations is what their descriptions give, and their functions are there."""
    path = ROOT.parent / "rust_core/py/write_stub.py"
    assert runpy.run_path(str(path))["text"]() == (ROOT / "sn/functional.pyi").read_text(), f"run uv run python {path}"
    for node in OPERATIONS.body:
        if isinstance(node, ast.FunctionDef):
            given = [argument.arg for argument in node.args.args]
            assert given == list(inspect.signature(getattr(functional, node.name)).parameters)
