"""An ONNX graph as it grows: nodes, fixed numbers, parameters by their names."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syntonic._core import ResonantTensor, Symbol, Tensor
from syntonic.sn import Module

BATCH: Final = 1_000_003
"""Stands for the size of the batch in shapes: a prime, of which no other size is a multiple."""
OPSET: Final = 18


@dataclass(frozen=True)
class Value:
    """A value of the graph: its name there, and the core's own record of it, which knows its shape."""

    name: str
    symbol: Symbol

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes; `BATCH` stands for the batch."""
        return self.symbol.shape


Given = Value | Tensor | ResonantTensor | float


class OnnxGraph:
    """Nodes and initializers as they come; `onnx` makes a file of them. All floats are float32.

    Args:
        module: the model, in evaluation.
    """

    def __init__(self, module: Module) -> None:
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.initializers: dict[str, tuple[str, list[int], bytes]] = {}
        self._names = {id(parameter.data): name for name, parameter in module.named_parameters()}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._count = 0

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401 (as the operator has them)
        """Adds a node with one output and returns its name."""
        self._count += 1
        name = f"{kind.lower()}_{self._count}"
        self.nodes.append((kind, list(inputs), [name], attributes))
        return name

    def floats(self, values: Sequence[float], shape: Sequence[int] = ()) -> str:
        """Returns the name of fixed numbers."""
        return self._fixed("float32", tuple(shape), struct.pack(f"<{len(values)}f", *values))

    def integers(self, values: Sequence[int]) -> str:
        """Returns the name of fixed whole numbers, a line of them."""
        return self._fixed("int64", (len(values),), struct.pack(f"<{len(values)}q", *values))

    def sizes(self, shape: Sequence[int], of: str) -> str:
        """Returns the name of a shape in which the batch is that of the value `of`."""
        if BATCH not in shape:
            return self.integers(shape)
        batch = self.node("Slice", self.node("Shape", of), self.integers([0]), self.integers([1]))
        parts = [batch if size == BATCH else self.integers([size]) for size in shape]
        return self.node("Concat", *parts, axis=0)

    def name(self, given: Given) -> str:
        """Returns the name of whatever an operation may be given."""
        if isinstance(given, Value):
            return given.name
        if isinstance(given, ResonantTensor):
            return self._parameter(given)
        if isinstance(given, Tensor):
            return self._fixed("float32", given.shape, _bytes(given))
        return self.floats([float(given)])

    def _parameter(self, data: ResonantTensor) -> str:
        name = self._names.get(id(data))
        if name is None:
            raise ValueError("the model reads a parameter that is no part of it")
        content = bytes(memoryview(data.to_tensor("float32")).cast("B"))
        self.initializers.setdefault(name, ("float32", list(data.shape), content))
        return name

    def _fixed(self, dtype: str, shape: tuple[int, ...], content: bytes) -> str:
        key = (dtype, shape, content)
        if key not in self._known:
            self._known[key] = f"constant_{len(self._known)}"
            self.initializers[self._known[key]] = (dtype, list(shape), content)
        return self._known[key]


def _bytes(tensor: Tensor) -> bytes:
    content = memoryview(tensor).cast("B").cast("f" if tensor.dtype == "float32" else "d")
    return struct.pack(f"<{math.prod(tensor.shape)}f", *content)
