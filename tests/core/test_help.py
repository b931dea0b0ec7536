"""What `help` and editors say of the compiled core: something of everything, and the same of both."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic
from syntonic import _core

PACKAGE = Path(syntonic.__file__).parent


def offered():
    """Names and things: functions and classes, and what classes have of their own."""
    for name in (name for name in dir(_core) if not name.startswith("_")):
        thing = getattr(_core, name)
        if callable(thing):
            yield name, thing
        if inspect.isclass(thing) and not issubclass(thing, BaseException):
            yield from ((f"{name}.{part}", getattr(thing, part)) for part in dir(thing) if not part.startswith("_"))


@pytest.mark.parametrize(("name", "thing"), list(offered()), ids=lambda x: x if isinstance(x, str) else "")
def test_everything_is_explained(name, thing):
    assert (thing.__doc__ or "").strip()


def test_the_stub_is_what_the_core_offers(tmp_path):
    """Names, parameters and defaults: PyO3 writes Ellipsis for one that is no literal, unless told what to write."""
    pytest.importorskip("mypy.stubtest")
    # The stubs without the package, which would be checked for a minute with all that it imports.
    for part in ("__init__.pyi", "sn/__init__.pyi", "_core.pyi", "sn/functional.pyi"):
        stub, real = tmp_path / "syntonic" / part, PACKAGE / part
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(real.read_text() if real.exists() else "")
    command = [sys.executable, "-m", "mypy.stubtest", "syntonic._core", "--concise"]
    environment = {**os.environ, "MYPYPATH": str(tmp_path)}
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "syntonic._core.__all__" in told.stdout, "it has looked"
    lines = told.stdout.splitlines()
    # PyO3 adds reflected operators and `__all__` by itself, and keeps `__getattr__` in a slot without a name;
    # `__buffer__` is visible from Python 3.12 on.
    known = ("__all__", "__r", "__buffer__", "__getattr__")
    other = [line for line in lines if "cuda_compile" not in line]
    assert [line for line in other if not line.split()[0].rpartition(".")[2].startswith(known)] == []
    assert told.stderr == ""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: _core.correction_factor(None, 1), "a structure's name .* or its number, got NoneType"),
        (lambda: _core.Tensor([1.0]).sum(1.5), "an axis or a sequence of axes, got float"),
        (lambda: _core.ResonantTensor([1.0], mode_norms=3), "mode norms: 'scaled', 'raw' .*, got int"),
        (lambda: _core.ResonantTensor([1.0]).reshape("x"), "a size or a sequence of sizes, got str"),
        (lambda: _core.phi_residual(_core.Tensor([1.0]), _core.Tensor([1.0]), 3), "a PhiResidualMode or its name"),
        (lambda: _core.golden_layer_norm(_core.Tensor([1.0]), 3), "a GoldenNormMode or its name, got int"),
        (lambda: _core.syntonic_softmax(_core.Tensor([1.0]), mode=3), "a SyntonicSoftmaxMode or its name, got int"),
        (lambda: _core.golden_layer_norm([1.0]), r"a Tensor \(see Tensor\(data\)\) or a ResonantTensor, got list"),
    ],
)
def test_an_argument_of_no_type_that_fits(call, expected):
    with pytest.raises(TypeError, match=f"^expected {expected}"):
        call()


@pytest.mark.parametrize(
    ("thing", "parameter", "default"),
    [
        (_core.ResonantTensor.prune_hierarchy, "q", _core.Q_DEFICIT),
        (_core.py_syntony_loss_srt, "target", _core.PHI_INVERSE),
        (_core.py_inplace_golden_weight, "phi", _core.PHI),
        (_core.Tensor.softmax, "dim", -1),
    ],
)
def test_a_default_is_the_constant(thing, parameter, default):
    assert inspect.signature(thing).parameters[parameter].default == default
