"""Elementwise functions, broadcasting, reductions and products of matrices against NumPy."""

import numpy as np
import pytest
from ops_oracle import elementwise

FUNCTIONS = elementwise()
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("n", [0, 1, 5, 10_001])
def test_functions(gpu, name, n):
    x = gpu.normal(n, scale=3)
    with np.errstate(invalid="ignore"):
        want = FUNCTIONS[name](x.astype(np.float64))
    size = np.nan_to_num(np.abs(want)) + (np.abs(x) if name == "gelu" else 0)
    gpu.near(getattr(gpu.up(x), name)(), want, size + (1 if name in ("sin", "cos") else 0), 8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_numbers(gpu, name):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
    with np.errstate(all="ignore"):
        want = FUNCTIONS[name](x)
    if name == "gelu":
        want[3] = np.nan  # -inf * 0
    np.testing.assert_array_equal(gpu.down(getattr(gpu.up(x), name)()), want)


PAIRS = [
    ((), ()),
    ((5,), ()),
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((2, 3, 4), (3, 1)),
    ((1, 5, 1, 7), (6, 1, 2, 1)),
    ((0, 3), (3,)),
]


@pytest.mark.parametrize(("left", "right"), [*PAIRS, ((1001,), (1001,)), ((7, 1000), (7, 1))])
@pytest.mark.parametrize("name", BINARY)
def test_two_tensors(gpu, name, left, right):
    x, y = gpu.normal(*left), gpu.normal(*right)
    x, y = np.asarray(x, gpu.dtype), np.asarray(y, gpu.dtype)
    want = BINARY[name](x.astype(np.float64), y.astype(np.float64))
    gpu.near(getattr(gpu.up(x), name)(gpu.up(y)), want, want, 2)
    gpu.near(
        getattr(gpu.up(y), name)(gpu.up(x)),
        BINARY[name](y.astype(np.float64), x.astype(np.float64)),
        want if name != "div" else 1 / want,
        2,
    )


def test_operators_with_numbers(gpu):
    x = gpu.normal(100)
    t, wide = gpu.up(x), x.astype(np.float64)
    for got, want in [
        (t + 2.0, wide + 2),
        (2.0 - t, 2 - wide),
        (t - 1.0, wide - 1),
        (3.0 * t, 3 * wide),
        (t / 4.0, wide / 4),
        (-t, -wide),
    ]:
        gpu.near(got, want, np.abs(want) + 2, 2)
    gpu.near(t.clamp(-0.5, 0.5), np.clip(wide, -0.5, 0.5), 1, 0)
    with pytest.raises(ValueError, match="min <= max"):
        t.clamp(1.0, 0.0)
    with pytest.raises(ValueError, match="equal or 1"):
        t + gpu.up(np.ones(3))


REDUCTIONS = {"sum": np.sum, "mean": np.mean, "var": np.var, "max": np.max, "min": np.min}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((1,), 0),
        ((7, 5), 1),
        ((7, 5), 0),
        ((3, 100, 4), -2),
        ((2, 40_000), 1),
        ((1_000_001,), None),
        ((3, 5), None),
        ((), None),
    ],
)
@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions(gpu, name, shape, dim, keepdim):
    x = np.asarray(gpu.normal(*shape, shift=3), gpu.dtype)
    want = REDUCTIONS[name](x.astype(np.float64), axis=dim, keepdims=keepdim)
    got = getattr(gpu.up(x), name)(dim, keepdim)
    gpu.near(got, want, np.abs(want), 4)
    np.testing.assert_array_equal(gpu.down(got), gpu.down(getattr(gpu.up(x), name)(dim, keepdim)))


def test_hostile_reductions(gpu):
    x = np.ones((3, 1000))
    x[1, 500] = np.nan
    for name in REDUCTIONS:
        assert np.isnan(gpu.down(getattr(gpu.up(x), name)(1))[1])
    offset = 1e4 if gpu.dtype == np.float32 else 1e8
    y = gpu.normal(5, 3000, shift=offset)
    want = y.astype(np.longdouble).var(1).astype(np.float64)
    gpu.near(gpu.up(y).var(1), want, want, 1e3)
    assert gpu.down(gpu.up(np.zeros((2, 0))).sum(1)).tolist() == [0, 0]
    with pytest.raises(ValueError, match="at least one element"):
        gpu.up(np.zeros((2, 0))).max(1)


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 7), (64, 100, 33), (257, 129, 300)])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products(gpu, m, k, n, turned):
    a, b, c = gpu.normal(m, k), gpu.normal(k, n), gpu.normal(m, n)
    left, right = (x.T if turn else x for x, turn in zip((a, b), turned, strict=True))
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.abs(a) @ np.abs(b)
    got = gpu.up(left).gemm(gpu.up(right), transpose_a=turned[0], transpose_b=turned[1])
    gpu.near(got, a @ b, scale, 8)
    got = gpu.up(left).gemm(
        gpu.up(right), transpose_a=turned[0], transpose_b=turned[1], alpha=0.5, beta=2.0, plus=gpu.up(c)
    )
    gpu.near(got, 0.5 * a @ b + 2 * c, scale + 2 * np.abs(c), 8)


def test_stacks_and_golden_products(gpu):
    phi = 1.618033988749895
    a, b = gpu.normal(4, 6, 5), gpu.normal(4, 5, 3)
    gpu.near(gpu.up(a) @ gpu.up(b), a.astype(np.float64) @ b, np.abs(a) @ np.abs(b), 8)
    x, y = gpu.normal(9, 9).astype(np.float64), gpu.normal(9, 9).astype(np.float64)
    scale = np.abs(x) @ np.abs(y) + np.abs(y) @ np.abs(x)
    gpu.near(gpu.up(x).mm_phi(gpu.up(y), -2), phi**-2 * x @ y, scale, 8)
    gpu.near(gpu.up(x).phi_bracket(gpu.up(y)), x @ y - y @ x / phi, scale, 8)
    gpu.near(gpu.up(x).phi_antibracket(gpu.up(y)), x @ y + y @ x / phi, scale, 8)
    w = np.exp(-(np.arange(9.0) ** 2) / phi)
    gpu.near(gpu.up(x).mm_golden_weighted(gpu.up(y)), (x * w) @ y, scale, 8)
    with pytest.raises(ValueError, match="matmul"):
        gpu.up(a) @ gpu.up(a)
