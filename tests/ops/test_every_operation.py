"""One table of operations, and each class of input for all: views of memory, ties, offsets, numbers that are none.

An operation stands here with its formula in binary64 or wider. What is particular to it is tested in its own file.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from ops_oracle import DTYPES, elementwise, run, wide

from syntonic._core import PHI, PHI_INVERSE, Tensor

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Row:
    """An operation: ours on tensors, its formula on arrays, and how it may be asked."""

    ours: Callable[..., Tensor]
    formula: Callable[..., np.ndarray]
    inputs: int = 1
    rank: int = 0  # the least number of axes
    filled: bool = False  # whether an axis of size 0 is refused
    positive: bool = False
    sums: bool = False  # whether rounding grows with the number of elements
    exact: bool = False  # whether the result is a selection of the input, or one rounding
    reach: float = np.inf  # beyond which there is no number
    centred: bool = False  # whether a mean is taken off, so that an error is one of the input's size


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(wide(2) / np.pi) * (x + wide(0.044715) * x**3)))


def softmax(x, axis=-1, bias=0.0):
    x = x + bias
    with np.errstate(all="ignore"):
        powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def norm(x, axes, variance=1.0):
    centred = x - x.mean(axes, keepdims=True)
    return centred * np.sqrt(variance / ((centred**2).mean(axes, keepdims=True) + 1e-5))


def leading(x):
    return tuple(range(x.ndim - 1))


def modes(x):
    return [0.3 * i for i in range(x.shape[-1])]


def every_other(x):
    return list(range(0, x.shape[-1], 2))


RESIDUALS = {
    "phi": lambda x, r: x + r * PHI_INVERSE,
    "phi_symmetric": lambda x, r: (x + r) * PHI_INVERSE,
    "standard": lambda x, r: x + r,
}
# What is particular to an operation of one element.
LIMITS: dict[str, dict[str, Any]] = {
    "abs": {"exact": True},
    "neg": {"exact": True},
    "relu": {"exact": True},
    "log": {"positive": True},
    "sqrt": {"positive": True},
    "sin": {"reach": 2.0**22},
    "cos": {"reach": 2.0**22},
}
ROWS: dict[str, Row] = {
    **{name: Row(getattr(Tensor, name), formula, **LIMITS.get(name, {})) for name, formula in elementwise().items()},
    "clamp": Row(lambda x: x.clamp(-1.0, 2.0), lambda x: np.clip(x, -1, 2), exact=True),
    "add": Row(Tensor.add, np.add, inputs=2),
    "sub": Row(Tensor.sub, np.subtract, inputs=2),
    "mul": Row(Tensor.mul, np.multiply, inputs=2),
    "div": Row(Tensor.div, np.divide, inputs=2),
    "maximum": Row(Tensor.maximum, np.maximum, inputs=2, exact=True),
    "minimum": Row(Tensor.minimum, np.minimum, inputs=2, exact=True),
    "sum": Row(Tensor.sum, np.sum, sums=True),
    "sum of rows": Row(lambda x: x.sum(-1), lambda x: x.sum(-1), rank=1, sums=True),
    "sum of columns": Row(lambda x: x.sum(0, True), lambda x: x.sum(0, keepdims=True), rank=1, sums=True),
    "mean": Row(lambda x: x.mean(-1), lambda x: x.mean(-1), rank=1, filled=True, sums=True),
    "var": Row(lambda x: x.var(-1), lambda x: x.var(-1), rank=1, filled=True, sums=True, centred=True),
    "max": Row(lambda x: x.max(-1), lambda x: x.max(-1), rank=1, filled=True, exact=True),
    "min": Row(lambda x: x.min(0), lambda x: x.min(0), rank=1, filled=True, exact=True),
    "softmax": Row(Tensor.softmax, softmax, rank=1, filled=True, sums=True, centred=True),
    "softmax of columns": Row(
        lambda x: x.softmax(0), lambda x: softmax(x, 0), rank=1, filled=True, sums=True, centred=True
    ),
    "learned softmax": Row(
        lambda x: x.syntonic_softmax(-1, modes(x)),
        lambda x: softmax(x, bias=-wide(modes(x)) / PHI),
        rank=1,
        filled=True,
        sums=True,
        centred=True,
    ),
    "layer norm": Row(
        lambda x: x.layer_norm(1e-5, 0.5), lambda x: norm(x, -1, 0.5), rank=1, filled=True, sums=True, centred=True
    ),
    "batch norm": Row(
        lambda x: x.batch_norm(), lambda x: norm(x, leading(x)), rank=2, filled=True, sums=True, centred=True
    ),
    "reshape": Row(lambda x: x.reshape(-1), np.ravel, exact=True),
    "transpose": Row(lambda x: x.transpose(0, -1), lambda x: np.swapaxes(x, 0, -1), rank=1, exact=True),
    "permute": Row(lambda x: x.permute(list(range(x.ndim))[::-1]), np.transpose, exact=True),
    "concat": Row(lambda x, y: x.concat([y], -1), lambda x, y: np.concatenate([x, y], -1), 2, rank=1, exact=True),
    "narrow": Row(lambda x: x.narrow(0, 0, x.shape[0] // 2), lambda x: x[: len(x) // 2], rank=1, exact=True),
    "index_select": Row(
        lambda x: x.index_select(-1, every_other(x)), lambda x: x[..., every_other(x)], rank=1, exact=True
    ),
    "expand": Row(lambda x: x.expand((3, *x.shape)), lambda x: np.broadcast_to(x, (3, *x.shape)), exact=True),
    **{
        f"phi_residual {mode} {activation}": Row(
            lambda x, r, mode=mode, activation=activation: x.phi_residual(r, mode, activation),
            lambda x, r, formula=formula, after=after: after(formula(x, r)),
            inputs=2,
        )
        for mode, formula in RESIDUALS.items()
        for activation, after in [("none", lambda y: y), ("relu", lambda y: np.maximum(y, 0)), ("gelu", gelu)]
    },
    "product": Row(
        lambda x, y: x.matmul(y.transpose(-1, -2)), lambda x, y: x @ np.swapaxes(y, -1, -2), 2, rank=2, sums=True
    ),
}
SHAPES = [(), (1,), (17,), (3, 5), (1, 1), (2, 3, 4), (5, 33)]
EMPTY = [(0,), (2, 0), (0, 3), (2, 0, 3), (2, 3, 0)]
FINITE = [name for name, row in ROWS.items() if row.reach == np.inf and not row.centred and name != "product"]


def drawn(row: Row, shape, dtype, scale=3.0, offset=0.0) -> Arrays:
    generator = np.random.default_rng(len(shape) + 7)
    arrays = [(generator.standard_normal(shape) * scale + offset).astype(dtype) for _ in range(row.inputs)]
    return [np.abs(x) + np.finfo(dtype).tiny for x in arrays] if row.positive else arrays


def check(row: Row, arrays: Arrays, dtype: str) -> None:
    """Compares with the formula, where numbers are none too, within what rounding can do."""
    with np.errstate(all="ignore"):
        want = np.asarray(row.formula(*map(wide, arrays)))
        got = run(row.ours, *arrays, dtype=dtype)
        assert got.shape == want.shape
        rounded = want.astype(dtype)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(rounded))
    infinite = np.isinf(rounded)
    np.testing.assert_array_equal(got[infinite], rounded[infinite])
    finite = np.isfinite(rounded)
    if row.exact:
        np.testing.assert_array_equal(got, rounded)
        return
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    largest = max(1.0, *(float(np.abs(x[np.isfinite(x)]).max(initial=0)) for x in arrays))
    # A rounding for each element of a sum, of the size of what is added; elsewhere of the result's size, or of the
    # inputs' where a difference of them cancels.
    terms = 2 * max(x.size for x in arrays) if row.sums else 0
    added = largest**row.inputs if row.sums else largest
    allowed = eps * (8 + terms) * added + 24 * eps * np.abs(want[finite]) + tiny
    off = np.abs(wide(got[finite]) - want[finite])
    assert np.all(off <= allowed), f"off by {np.max(off / allowed)} of what is allowed"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ROWS)
def test_any_shape(name, shape, dtype):
    row = ROWS[name]
    if len(shape) >= row.rank:
        check(row, drawn(row, shape, dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", EMPTY)
@pytest.mark.parametrize("name", ROWS)
def test_nothing(name, shape, dtype):
    """Nothing gives nothing, or zeros for a sum; where there is nothing to choose or to take a mean of, an error."""
    row = ROWS[name]
    arrays = drawn(row, shape, dtype)
    if len(shape) < row.rank:
        return
    try:
        got = run(row.ours, *arrays, dtype=dtype)
    except ValueError:
        if row.filled:
            return
        raise
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        np.testing.assert_array_equal(got, row.formula(*arrays) if got.size else got)
    assert not np.signbit(got).any()


def views(x: np.ndarray) -> dict[str, np.ndarray]:
    """The same numbers in memory that is not row-major, not dense, backwards, or read over and over."""
    spaced = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    spaced[..., ::2] = x
    return {
        "columns first": np.asfortranarray(x),
        "every other": spaced[..., ::2],
        "backwards": np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
        "of a matrix": np.pad(x, 2)[2:-2, 2:-2],
        "other order of bytes": x.astype(x.dtype.newbyteorder(">")),
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_views_of_memory(name, dtype):
    row = ROWS[name]
    arrays = drawn(row, (6, 10), dtype)
    want = run(row.ours, *arrays, dtype=dtype)
    for kind in views(arrays[0]):
        given = [views(x)[kind] for x in arrays]
        np.testing.assert_array_equal(given, arrays)
        np.testing.assert_array_equal(run(row.ours, *given, dtype=dtype), want, err_msg=kind)
    repeated = [np.broadcast_to(x[:1], (6, 10)) for x in arrays]
    dense = run(row.ours, *map(np.ascontiguousarray, repeated), dtype=dtype)
    np.testing.assert_array_equal(run(row.ours, *repeated, dtype=dtype), dense)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_ties_and_zeros(name, dtype):
    row = ROWS[name]
    for value in [0.0, -0.0, 1.0, 0.1]:
        arrays = [np.full((4, 9), value, dtype) for _ in range(row.inputs)]
        check(row, arrays, dtype)
    few = [np.random.default_rng(seed).integers(0, 3, (5, 21)).astype(dtype) for seed in range(row.inputs)]
    check(row, few, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.sums or row.exact])
def test_a_large_offset(name, dtype):
    row = ROWS[name]
    offset = 1e4 if dtype == "float32" else 1e8
    arrays = drawn(row, (3, 400), dtype, scale=1.0, offset=offset)
    if not row.centred:
        check(row, arrays, dtype)
        return
    want = row.formula(*map(wide, arrays))
    # A step of the input, of which eps times the offset is the least, is a step of the result.
    allowed = 1e-6 * np.abs(want).max() + (0 if name == "var" else 8 * np.finfo(dtype).eps * offset)
    assert np.abs(wide(run(row.ours, *arrays, dtype=dtype)) - want).max() <= allowed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ROWS)
def test_numbers_that_are_none_stay_where_they_belong(name, bad, dtype):
    row = ROWS[name]
    for place in [(0, 0), (2, 7), (4, 16)]:
        arrays = drawn(row, (5, 17), dtype)
        arrays[-1][place] = bad
        if row.positive and bad < 0:
            continue
        if np.isinf(bad) and row.reach < np.inf:
            assert np.isnan(run(row.ours, *arrays, dtype=dtype)[place])
            continue
        check(row, arrays, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FINITE)
def test_the_ends_of_the_range(name, dtype):
    """Numbers near the largest and the smallest: a result beyond the range is infinite, one below it 0 or subnormal."""
    row, limits = ROWS[name], np.finfo(dtype)
    for size in [float(limits.max) / 64, float(limits.tiny) * 4]:
        arrays = [np.clip(x, -3, 3) * dtype_of(size, dtype) for x in drawn(row, (2, 6), dtype, scale=1.0)]
        check(row, arrays, dtype)


def dtype_of(value, dtype):
    return np.dtype(dtype).type(value)
