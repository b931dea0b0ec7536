"""A model's forward pass as ONNX: it runs once, on values that write down a node for each operation.

The values go through the core's own tracing beside it, which knows every shape; `onnx_rules.py` has a rule for each
operation. They have the methods of `Array`, so that every model can be written down.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from syntonic._core import Graph, Symbol, Tensor, _operations
from syntonic.runners.export import onnx_rules
from syntonic.runners.export.onnx_graph import BATCH, Given, OnnxGraph, Value
from syntonic.sn import Module


def inputs(graph: OnnxGraph, module: Module, name: str, shape: Sequence[int]) -> "OnnxValue":
    """Returns the input (batch, *shape) of a model."""
    trace = Graph([parameter.data for parameter in module.parameters()])
    return OnnxValue(name, trace.input((BATCH, *shape)), graph)


@dataclass(frozen=True)
class OnnxValue(Value):
    """A value of a forward pass that writes down what is done with it."""

    graph: OnnxGraph

    def result(self, name: str, symbol: Symbol) -> "OnnxValue":
        """Returns another value of the same graph."""
        return OnnxValue(name, symbol, self.graph)

    def _swapped(self, kind: str, other: Given, symbol: Symbol) -> "OnnxValue":
        return self.result(self.graph.node(kind, self.graph.name(other), self.name), symbol)

    def __add__(self, other: Given) -> "OnnxValue":
        return self.add(other)  # type: ignore[attr-defined, no-any-return]

    def __sub__(self, other: Given) -> "OnnxValue":
        return self.sub(other)  # type: ignore[attr-defined, no-any-return]

    def __mul__(self, other: Given) -> "OnnxValue":
        return self.mul(other)  # type: ignore[attr-defined, no-any-return]

    def __truediv__(self, other: Given) -> "OnnxValue":
        return self.div(other)  # type: ignore[attr-defined, no-any-return]

    def __matmul__(self, other: Given) -> "OnnxValue":
        return self.matmul(other)  # type: ignore[attr-defined, no-any-return]

    def __neg__(self) -> "OnnxValue":
        return self.neg()  # type: ignore[attr-defined, no-any-return]

    def __radd__(self, other: Tensor | float) -> "OnnxValue":
        return self._swapped("Add", other, other + self.symbol)

    def __rsub__(self, other: Tensor | float) -> "OnnxValue":
        return self._swapped("Sub", other, other - self.symbol)

    def __rmul__(self, other: Tensor | float) -> "OnnxValue":
        return self._swapped("Mul", other, other * self.symbol)

    def __rtruediv__(self, other: Tensor | float) -> "OnnxValue":
        return self._swapped("Div", other, other / self.symbol)


def _operation(name: str) -> Callable[..., OnnxValue]:
    signature = inspect.signature(getattr(Tensor, name))
    rule = getattr(onnx_rules, name, None)

    def operation(self: OnnxValue, *given: Any, **named: Any) -> OnnxValue:  # noqa: ANN401 (as the operation has it)
        if rule is None:
            raise ValueError(
                f"the operation {name} has no counterpart in ONNX here; the forward pass must do without it"
            )
        bound = signature.bind(self, *given, **named)
        bound.apply_defaults()
        traced = getattr(self.symbol, name)(*map(_symbol, given), **{key: _symbol(each) for key, each in named.items()})
        made = rule(self.graph, traced.shape, *bound.args, **bound.kwargs)
        return self.result(made, traced)

    return operation


def _symbol(given: Any) -> Any:  # noqa: ANN401 (whatever an operation may be given)
    if isinstance(given, OnnxValue):
        return given.symbol
    return [_symbol(each) for each in given] if isinstance(given, list | tuple) else given


for _name, *_ in _operations():
    setattr(OnnxValue, _name, _operation(_name))
