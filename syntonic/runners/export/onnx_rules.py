"""How each operation is written in ONNX, opset 18: functions of the graph, the shape of the result, and the arguments.

Images and sequences have their channels last here and second in ONNX, so that convolutions and pools turn them.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from syntonic._core import PHI
from syntonic.runners.export.onnx_graph import BATCH, OnnxGraph, Value

Shape = tuple[int, ...]
Sizes = int | Sequence[int]
_HIDDEN: Final = -1e9  # a score whose weight is 0
_LEAST: Final = 1e-10  # syntony of which a logarithm is taken


def _unary(kind: str) -> Any:  # noqa: ANN401 (a rule)
    return lambda g, shape, x: g.node(kind, x.name)


def _binary(kind: str) -> Any:  # noqa: ANN401 (a rule)
    return lambda g, shape, x, other: g.node(kind, x.name, g.name(other))


abs, cos, exp, log, neg = (_unary(kind) for kind in ("Abs", "Cos", "Exp", "Log", "Neg"))
relu, sigmoid, sin, sqrt, tanh = (_unary(kind) for kind in ("Relu", "Sigmoid", "Sin", "Sqrt", "Tanh"))
add, sub, mul, div = (_binary(kind) for kind in ("Add", "Sub", "Mul", "Div"))
maximum, minimum, matmul = (_binary(kind) for kind in ("Max", "Min", "MatMul"))


def square(g: OnnxGraph, shape: Shape, x: Value) -> str:
    """x^2."""
    return g.node("Mul", x.name, x.name)


def gelu(g: OnnxGraph, shape: Shape, x: Value) -> str:
    """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    return _gelu(g, x.name)


def clamp(g: OnnxGraph, shape: Shape, x: Value, low: float | None, high: float | None) -> str:
    """Neither below `low` nor above `high`."""
    ends = ["" if end is None else g.floats([end]) for end in (low, high)]
    return g.node("Clip", x.name, *ends)


def parameter(g: OnnxGraph, shape: Shape, x: Value, p: Any) -> str:  # noqa: ANN401 (a ResonantTensor)
    """The values of a parameter."""
    return g.node("Identity", g.name(p))


def affine(g: OnnxGraph, shape: Shape, x: Value, scale: Any, shift: Any) -> str:  # noqa: ANN401
    """Returns x scale + shift."""
    return g.node("Add", g.node("Mul", x.name, g.name(scale)), g.name(shift))


def linear(g: OnnxGraph, shape: Shape, x: Value, weight: Any, bias: Any) -> str:  # noqa: ANN401
    """Returns x W^T + b."""
    product = g.node("MatMul", x.name, g.node("Transpose", g.name(weight), perm=[1, 0]))
    return product if bias is None else g.node("Add", product, g.name(bias))


def embedding(g: OnnxGraph, shape: Shape, x: Value, table: Any) -> str:  # noqa: ANN401
    """Rows of a table."""
    return g.node("Gather", g.name(table), g.node("Cast", x.name, to=7), axis=0)  # 7 is int64


def conv1d(g: OnnxGraph, shape: Shape, x: Value, weight: Any, bias: Any, stride: Sizes, padding: Sizes) -> str:  # noqa: ANN401
    """Cross-correlation of (batch, length, in) with (out, k, in)."""
    return _conv(g, x.name, weight, bias, _line(stride, 1), _line(padding, 1))


def conv2d(g: OnnxGraph, shape: Shape, x: Value, weight: Any, bias: Any, stride: Sizes, padding: Sizes) -> str:  # noqa: ANN401
    """Cross-correlation of (batch, height, width, in) with (out, kh, kw, in)."""
    return _conv(g, x.name, weight, bias, _line(stride, 2), _line(padding, 2))


def avg_pool1d(g: OnnxGraph, shape: Shape, x: Value, size: Sizes, stride: Sizes | None) -> str:
    """Means of windows."""
    return _pool(g, "AveragePool", x.name, _line(size, 1), stride)


def avg_pool2d(g: OnnxGraph, shape: Shape, x: Value, size: Sizes, stride: Sizes | None) -> str:
    """Means of windows."""
    return _pool(g, "AveragePool", x.name, _line(size, 2), stride)


def max_pool1d(g: OnnxGraph, shape: Shape, x: Value, size: Sizes, stride: Sizes | None) -> str:
    """Largest values of windows."""
    return _pool(g, "MaxPool", x.name, _line(size, 1), stride)


def max_pool2d(g: OnnxGraph, shape: Shape, x: Value, size: Sizes, stride: Sizes | None) -> str:
    """Largest values of windows."""
    return _pool(g, "MaxPool", x.name, _line(size, 2), stride)


def layer_norm(g: OnnxGraph, shape: Shape, x: Value, eps: float, variance: float) -> str:
    """Mean 0 and the variance over the last axis."""
    return _norm(g, x.name, [len(shape) - 1], eps, variance)


def batch_norm(g: OnnxGraph, shape: Shape, x: Value, eps: float, variance: float) -> str:
    """Mean 0 and the variance over all axes but the last, of the batch at hand."""
    return _norm(g, x.name, list(range(len(shape) - 1)), eps, variance)


def phi_residual(g: OnnxGraph, shape: Shape, x: Value, residual: Any, mode: str, activation: str) -> str:  # noqa: ANN401
    """Returns x + r/phi, (x + r)/phi or x + r, and an activation."""
    inverse, r = g.floats([1 / PHI]), g.name(residual)
    y = g.node("Add", x.name, g.node("Mul", r, inverse) if mode == "phi" else r)
    y = g.node("Mul", y, inverse) if mode == "phi_symmetric" else y
    if activation == "layer_norm":
        return _norm(g, y, [len(shape) - 1], 1e-5, 1.0)
    return _gelu(g, y) if activation == "gelu" else g.node("Relu", y) if activation == "relu" else y


def attention(
    g: OnnxGraph,
    shape: Shape,
    query: Value,
    key: Value,
    value: Value,
    heads: int,
    causal: bool,
    key_mask: Any,  # noqa: ANN401 (a value or a tensor)
    scale: float | None,
) -> str:
    """softmax(scale q k^T) v in each head; a key that is not to be seen has weight 0."""
    queries, keys = shape[1], value.shape[1]
    scale = 1 / math.sqrt(query.shape[2] / heads) if scale is None else scale
    q, k, v = (_heads(g, each.name, each.shape, heads) for each in (query, key, value))
    scores = g.node("Mul", g.node("MatMul", q, g.node("Transpose", k, perm=[0, 1, 3, 2])), g.floats([scale]))
    allowed = ""
    if causal:
        allowed = g.floats([float(j <= i) for i in range(queries) for j in range(keys)], (queries, keys))
    if key_mask is not None:
        seen = g.node("Not", g.node("Equal", g.name(key_mask), g.floats([0.0])))
        mask = g.node("Reshape", g.node("CastLike", seen, scores), g.integers([-1, 1, 1, keys]))
        allowed = g.node("Mul", mask, allowed) if allowed else mask
    if allowed:
        scores = g.node("Where", g.node("Cast", allowed, to=9), scores, g.floats([_HIDDEN]))  # 9 is bool
    weights = g.node("Softmax", scores, axis=-1)
    weights = g.node("Mul", weights, allowed) if allowed else weights
    joined = g.node("Transpose", g.node("MatMul", weights, v), perm=[0, 2, 1, 3])
    return g.node("Reshape", joined, g.integers([-1, *shape[1:]]))


def softmax(g: OnnxGraph, shape: Shape, x: Value, dim: int) -> str:
    """e^x / sum e^x."""
    return g.node("Softmax", x.name, axis=dim)


def syntonic_softmax(
    g: OnnxGraph,
    shape: Shape,
    x: Value,
    dim: int,
    mode_norms: Sequence[float] | None,
    syntony: Any,  # noqa: ANN401 (a value or a tensor)
    syntony_scale: float,
) -> str:
    """w^scale e^x / sum w^scale e^x, whose logarithms are added to x."""
    y = x.name
    if syntony is not None:
        logs = g.node("Log", g.node("Max", g.name(syntony), g.floats([_LEAST])))
        y = g.node("Add", y, g.node("Mul", logs, g.floats([syntony_scale])))
    elif mode_norms is not None:
        along = [len(mode_norms) if axis == dim % len(shape) else 1 for axis in range(len(shape))]
        y = g.node("Add", y, g.floats([-syntony_scale * norm / PHI for norm in mode_norms], along))
    return g.node("Softmax", y, axis=dim)


def reshape(g: OnnxGraph, shape: Shape, x: Value, wanted: Sizes) -> str:
    """The same values in another shape."""
    return g.node("Reshape", x.name, g.integers(_free(shape)))


def expand(g: OnnxGraph, shape: Shape, x: Value, wanted: Sizes) -> str:
    """Axes of size 1 repeat."""
    return g.node("Expand", x.name, g.sizes(shape, "inputs"))


def permute(g: OnnxGraph, shape: Shape, x: Value, dims: Sequence[int]) -> str:
    """Axes in another order."""
    return g.node("Transpose", x.name, perm=[dim % len(shape) for dim in dims])


def transpose(g: OnnxGraph, shape: Shape, x: Value, dim0: int, dim1: int) -> str:
    """Two axes exchanged."""
    order = list(range(len(shape)))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return g.node("Transpose", x.name, perm=order)


def concat(g: OnnxGraph, shape: Shape, x: Value, others: Sequence[Any], dim: int) -> str:
    """One after the other."""
    return g.node("Concat", x.name, *map(g.name, others), axis=dim % len(shape))


def narrow(g: OnnxGraph, shape: Shape, x: Value, dim: int, start: int, length: int) -> str:
    """Some elements of an axis."""
    return g.node("Slice", x.name, *(g.integers([each]) for each in (start, start + length, dim)))


def index_select(g: OnnxGraph, shape: Shape, x: Value, dim: int, indices: Sequence[int]) -> str:
    """Entries of an axis."""
    return g.node("Gather", x.name, g.integers(list(indices)), axis=dim)


def _reduce(kind: str) -> Any:  # noqa: ANN401 (a rule)
    def rule(g: OnnxGraph, shape: Shape, x: Value, dim: Sizes | None, keepdim: bool) -> str:
        return g.node(kind, x.name, _axes(g, x, dim), keepdims=int(keepdim))

    return rule


sum, mean, max, min = (_reduce(kind) for kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"))


def var(g: OnnxGraph, shape: Shape, x: Value, dim: Sizes | None, keepdim: bool) -> str:
    """The mean square of the distance to the mean."""
    axes = _axes(g, x, dim)
    rest = g.node("Sub", x.name, g.node("ReduceMean", x.name, axes, keepdims=1))
    return g.node("ReduceMean", g.node("Mul", rest, rest), axes, keepdims=int(keepdim))


def _axes(g: OnnxGraph, x: Value, dim: Sizes | None) -> str:
    return g.integers(list(range(len(x.shape))) if dim is None else _line(dim, 1))


def _free(shape: Shape) -> list[int]:
    # The size that has the batch in it follows from the others.
    return [-1 if size % BATCH == 0 and size else size for size in shape]


def _line(sizes: Sizes, axes: int) -> list[int]:
    return [sizes] * axes if isinstance(sizes, int) else list(sizes)


def _turned(g: OnnxGraph, x: str, axes: int, *, back: bool = False) -> str:
    # Channels from the last place to the second, or back; `axes` are between batch and channels.
    there, here = [0, axes + 1, *range(1, axes + 1)], [0, *range(2, axes + 2), 1]
    return g.node("Transpose", x, perm=here if back else there)


def _conv(g: OnnxGraph, x: str, weight: Any, bias: Any, stride: list[int], padding: list[int]) -> str:  # noqa: ANN401
    axes = len(stride)
    inputs = [_turned(g, x, axes), _turned(g, g.name(weight), axes), *([] if bias is None else [g.name(bias)])]
    return _turned(g, g.node("Conv", *inputs, strides=stride, pads=padding * 2), axes, back=True)


def _pool(g: OnnxGraph, kind: str, x: str, size: list[int], stride: Sizes | None) -> str:
    axes = len(size)
    strides = size if stride is None else _line(stride, axes)
    return _turned(g, g.node(kind, _turned(g, x, axes), kernel_shape=size, strides=strides), axes, back=True)


def _norm(g: OnnxGraph, x: str, dims: list[int], eps: float, variance: float) -> str:
    axes = g.integers(dims)
    rest = g.node("Sub", x, g.node("ReduceMean", x, axes, keepdims=1))
    spread = g.node("ReduceMean", g.node("Mul", rest, rest), axes, keepdims=1)
    unit = g.node("Div", rest, g.node("Sqrt", g.node("Add", spread, g.floats([eps]))))
    return unit if variance == 1.0 else g.node("Mul", unit, g.floats([math.sqrt(variance)]))


def _gelu(g: OnnxGraph, x: str) -> str:
    cube = g.node("Mul", g.node("Mul", x, x), x)
    inner = g.node("Add", x, g.node("Mul", cube, g.floats([0.044715])))
    bent = g.node("Tanh", g.node("Mul", inner, g.floats([math.sqrt(2 / math.pi)])))
    return g.node("Mul", g.node("Mul", x, g.floats([0.5])), g.node("Add", bent, g.floats([1.0])))


def _heads(g: OnnxGraph, x: str, shape: Shape, heads: int) -> str:
    # (batch, length, features) to (batch, heads, length, features / heads)
    apart = g.node("Reshape", x, g.integers([-1, shape[1], heads, shape[2] // heads]))
    return g.node("Transpose", apart, perm=[0, 2, 1, 3])
