"""Hostile arguments for everything that the compiled core offers: an ordinary exception or a result, never a panic.

Functions, constructors, methods, operators and properties are found by looking: whatever is added is tested too.
The arguments are drawn from a pool of nuisances by a generator with a fixed seed.
"""

import decimal
import fractions
import inspect
import math
import random
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from engines import engine

from syntonic import _core
from syntonic._core import (
    ComplexTensor,
    GoldenBatchNormConfig,
    GoldenBatchNormState,
    GoldenExact,
    GoldenNormMode,
    Graph,
    PhiResidualMode,
    ResonantTensor,
    SyntonicSoftmaxMode,
    SyntonicSoftmaxState,
    Tensor,
)

# What an ordinary call may raise. RuntimeError is not among them: the core reports its own bugs so.
ORDINARY = (
    TypeError,
    ValueError,
    OverflowError,
    ZeroDivisionError,
    BufferError,
    NotImplementedError,
    IndexError,
    _core.DeviceUnavailable,
)
CALLS = 60
pytestmark = [
    pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning"),  # NumPy's own, on being asked for floats
    pytest.mark.filterwarnings("ignore:.* is beyond .*, the last point of the lattice:RuntimeWarning"),
]
# Called by the interpreter on a half-made object, or not ours.
SKIPPED = {"__class__", "__init__", "__new__", "__init_subclass__", "__subclasshook__", "__del__", "__getattribute__"}
SKIPPED |= {"__cuda_array_interface__"}  # an attribute of tensors on a GPU alone
SKIPPED |= {"__setattr__", "__delattr__", "__dir__", "__reduce__", "__reduce_ex__", "__getstate__", "__sizeof__"}

NUISANCES: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: 0,
    lambda: 1,
    lambda: -1,
    lambda: 3,
    lambda: 70_000,  # more would be granted, and fill the memory
    lambda: 2**63 - 1,
    lambda: -(2**63),
    lambda: 10**40,
    lambda: 0.0,
    lambda: 0.5,
    lambda: -0.0,
    lambda: math.nan,
    lambda: math.inf,
    lambda: -math.inf,
    lambda: 1e308,
    lambda: 5e-324,
    lambda: "",
    lambda: "float64",
    lambda: "nonsense\0\U0001f600",
    lambda: "3/2 - 5*phi",
    lambda: b"\0\xff" * 4,
    lambda: [],
    lambda: [1.0, 2.0],
    lambda: [0, 1],
    lambda: [2, 3],
    lambda: [-1, 2],
    lambda: [math.nan, 1.0],
    lambda: [2**62, 2**62],
    lambda: [[1.0], [2.0, 3.0]],
    lambda: [[1.0, 2.0], [3.0, 4.0]],
    lambda: (1, 2),
    lambda: {"a": 1},
    lambda: {1, 2},
    lambda: range(3),
    lambda: 1j,
    lambda: decimal.Decimal("1.5"),
    lambda: fractions.Fraction(1, 3),
    lambda: fractions.Fraction(1, 10**60),
    lambda: object(),
    lambda: print,
    lambda: np.float32(1.5),
    lambda: np.zeros((2, 0, 3)),
    lambda: np.arange(6, dtype=np.int64).reshape(2, 3)[:, ::2],
    lambda: np.array([1 + 2j]),
    lambda: np.array(["a"]),
    lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]),
    lambda: Tensor(1.0, dtype="float64"),
    lambda: Tensor.zeros((0, 3)),
    lambda: ResonantTensor([[1.0, 2.0], [3.0, 4.0]]),
    lambda: ResonantTensor.from_flux([math.nan, 1.0]),
    lambda: ResonantTensor.from_golden_exact([(2**63 - 1, -(2**63))]),
    lambda: GoldenExact(2**127 - 1, 1, -(2**127), 1),
    lambda: GoldenExact.golden_ratio(),
    lambda: GoldenExact(10**400, 3, 1, 10**400),
    lambda: GoldenExact,
]

# What the products, the norms and the softmax ask for, so that their calls get beyond the check of types.
FITTING: list[Callable[[], Any]] = [
    lambda: 0,
    lambda: 2,
    lambda: 0.5,
    lambda: 1j,
    lambda: "N",
    lambda: "E8_rank",
    lambda: [0.0, 1.0],
    lambda: [2, 2],
    lambda: (1, 1),
    lambda: Tensor([[1.0, 2.0], [3.0, 4.0]], dtype="float64"),
    lambda: Tensor([[1.0, math.nan], [math.inf, 4.0]]),
    lambda: Tensor([[[1.0, 2.0], [3.0, 4.0]]]),
    lambda: Tensor.zeros((0, 2)),
    lambda: [Tensor([[1.0, 2.0], [3.0, 4.0]])],
    lambda: ComplexTensor([[1.0, 2.0], [3.0, 4.0]], [[0.0, -1.0], [math.nan, 1e308]]),
    lambda: ComplexTensor(Tensor.zeros((2, 0))),
    lambda: ResonantTensor([[1.0, 2.0], [3.0, 4.0]]),
    lambda: ResonantTensor.from_golden_exact([(2**63 - 1, -(2**63)), (1, 0), (0, 1), (0, 0)], (2, 2)),
    lambda: GoldenNormMode("standard"),
    lambda: PhiResidualMode("phi"),
    lambda: SyntonicSoftmaxMode("learned"),
    lambda: GoldenBatchNormConfig(2),
    lambda: GoldenBatchNormState(GoldenBatchNormConfig(2)),
]


def graph() -> Graph:
    return Graph([ResonantTensor([[0.5, 1.0]])])


def objective() -> Any:
    recorder = graph()
    return recorder.objective(recorder.input((3, 2)).mean())


def record() -> Any:
    parameter = ResonantTensor([[0.5, 1.0]])
    recorder = Graph([parameter])
    loss = recorder.input((3, 2)).linear(parameter).mean()
    return engine(parameter).step(recorder.objective(loss), [Tensor.ones((3, 2))])


# How to get an object of each class; a class that is new here is to be added.
INSTANCES: dict[str, list[Callable[[], Any]]] = {
    "Tensor": [lambda: Tensor([[1.0, 2.0], [3.0, 4.0]]), lambda: Tensor.zeros((0, 2), "float64"), lambda: Tensor(2.0)],
    "ResonantTensor": [
        lambda: ResonantTensor([[1.0, 2.0], [3.0, 4.0]]),
        lambda: ResonantTensor.from_flux([math.nan, math.inf, 0.0]),
        lambda: ResonantTensor.from_golden_exact([(2**63 - 1, -(2**63))]),
        lambda: ResonantTensor.zeros((0, 2)),
    ],
    "GoldenExact": [GoldenExact.golden_ratio, lambda: GoldenExact(2**127 - 1, 7, -(2**127), 9)],
    "Graph": [graph],
    "Symbol": [lambda: graph().input((3, 2)), lambda: graph().input(()), lambda: graph().input((0, 2))],
    "Objective": [objective],
    "Evolution": [engine],
    "Record": [record],
    "ComplexTensor": [lambda: ComplexTensor([[1.0, 2.0]], [[3.0, 4.0]])],
    "GoldenBatchNormConfig": [lambda: GoldenBatchNormConfig(2)],
    "GoldenBatchNormState": [lambda: GoldenBatchNormState(GoldenBatchNormConfig(2))],
    "GoldenNormMode": [GoldenNormMode],
    "PhiResidualMode": [lambda: PhiResidualMode("phi")],
    "SyntonicSoftmaxMode": [lambda: SyntonicSoftmaxMode("identity")],
    "SyntonicSoftmaxState": [lambda: SyntonicSoftmaxState("learned", num_features=2)],
}


def functions() -> Iterator[Any]:
    for name, thing in sorted(vars(_core).items()):
        if isinstance(thing, types.BuiltinFunctionType):
            yield pytest.param(lambda thing=thing: thing, id=name)


def classes() -> list[type]:
    found = [thing for _, thing in sorted(vars(_core).items()) if isinstance(thing, type)]
    return [thing for thing in found if not issubclass(thing, Exception)]


def members() -> Iterator[Any]:
    for cls in classes():
        for name in sorted(dir(cls)):
            if name in SKIPPED:
                continue
            for number, make in enumerate(INSTANCES.get(cls.__name__, [])):
                yield pytest.param(
                    lambda make=make, name=name: getattr(make(), name), id=f"{cls.__name__}.{name}-{number}"
                )


def assault(target: Callable[[], Any], seed: str) -> int:
    """Calls what `target` makes with drawn arguments; returns how many calls came through."""
    generator = random.Random(seed)
    came_through = 0
    try:
        names, most = arguments(target())
    except ORDINARY:
        return 1  # a property that refuses
    for call in range(CALLS):
        pool = NUISANCES if call % 2 else FITTING + FITTING + NUISANCES
        positional = [generator.choice(pool)() for _ in range(generator.randint(0, most))]
        left = names[len(positional) :]
        named = {n: generator.choice(pool)() for n in left if generator.random() < 0.5}
        try:
            function = target()
            if not callable(function):
                return 1
            function(*positional, **named)
            came_through += 1
        except ORDINARY:
            pass
    return came_through


def arguments(function: Any) -> tuple[list[str], int]:
    """Returns the names that may be given by keyword, in order, and the largest sensible number of arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [], 3
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return named, len(parameters)


@pytest.mark.parametrize("target", list(functions()))
def test_functions(target, request):
    assert assault(target, request.node.callspec.id) >= 0


@pytest.mark.parametrize("cls", classes())
def test_constructors(cls):
    assert assault(lambda: cls, cls.__name__) >= 0


@pytest.mark.parametrize("target", list(members()))
def test_members(target, request):
    assert assault(target, request.node.callspec.id) >= 0


def test_every_class_is_met():
    assert set(INSTANCES) == {cls.__name__ for cls in classes()}
    for name, makers in INSTANCES.items():
        assert all(type(make()).__name__ == name for make in makers)


def test_a_panic_would_be_seen():
    def panic() -> None:
        raise RuntimeError("internal error, please report it")

    with pytest.raises(RuntimeError):
        assault(lambda: panic, "seed")
