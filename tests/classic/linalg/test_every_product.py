"""Each product of matrices with each class of input: views of memory, nothing, one number, numbers that are none."""

import numpy as np
import pytest
from matrices import DTYPES, PHI, Q, drawn, give, read, wide

from syntonic import _core


def turned(x):
    return np.swapaxes(x, -1, -2)


def weighted(a, b):
    return (a * np.exp(-(np.arange(a.shape[-1], dtype=float) ** 2) / PHI)) @ b


# name: (ours, formula, how the second factor stands: as it is, square beside a square one, or in a batch)
PRODUCTS = {
    "mm": (_core.linalg_mm, lambda a, b: a @ b, "plain"),
    "tn": (lambda a, b: _core.linalg_mm_tn(a, b), lambda a, b: a.T @ b, "tn"),
    "nt": (lambda a, b: _core.linalg_mm_nt(a, b), lambda a, b: a @ b.T, "nt"),
    "tt": (lambda a, b: _core.linalg_mm_tt(a, b), lambda a, b: a.T @ b.T, "tt"),
    "hn": (lambda a, b: _core.linalg_mm_hn(a, b), lambda a, b: a.conj().T @ b, "tn"),
    "nh": (lambda a, b: _core.linalg_mm_nh(a, b), lambda a, b: a @ b.conj().T, "nt"),
    "gemm": (lambda a, b: _core.linalg_mm_gemm(a, b, "H", "T", 0.5), lambda a, b: 0.5 * a.conj().T @ b.T, "tt"),
    "phi": (lambda a, b: _core.linalg_mm_phi(a, b, -3), lambda a, b: PHI**-3 * (a @ b), "plain"),
    "corrected": (lambda a, b: _core.linalg_mm_corrected(a, b, "E8_rank"), lambda a, b: (1 + Q / 8) * (a @ b), "plain"),
    "direct": (
        lambda a, b: _core.linalg_mm_q_corrected_direct(a, b, 3.0, -1),
        lambda a, b: (1 - Q / 3) * (a @ b),
        "plain",
    ),
    "weighted": (_core.linalg_mm_golden_weighted, weighted, "plain"),
    "phase": (
        lambda a, b: _core.linalg_mm_golden_phase(a, b, 2.0),
        lambda a, b: np.exp(2j * np.pi / PHI) * (a @ b),
        "plain",
    ),
    "bmm": (_core.linalg_bmm, lambda a, b: a @ b, "batch"),
    "bracket": (_core.linalg_phi_bracket, lambda a, b: a @ b - b @ a / PHI, "square"),
    "antibracket": (_core.linalg_phi_antibracket, lambda a, b: a @ b + b @ a / PHI, "square"),
    "projection": (
        lambda a, b: _core.linalg_projection_sum(b, [a, a], [0.5, 0.25]),
        lambda a, b: b + 0.75 * (a @ b),
        "square",
    ),
}
SIZES = [(0, 3, 2), (3, 0, 2), (3, 2, 0), (0, 0, 0), (1, 1, 1), (5, 7, 3), (1, 33, 1), (17, 1, 9), (16, 16, 16)]


def shapes(how, m, k, n):
    a, b = (m, k), (k, n)
    return {
        "plain": (a, b),
        "tn": (a[::-1], b),
        "nt": (a, b[::-1]),
        "tt": (a[::-1], b[::-1]),
        "batch": ((3, *a), (3, *b)),
        "square": ((k, k), (k, k)),
    }[how]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_any_shape(name, sizes, dtype):
    ours, formula, how = PRODUCTS[name]
    a, b = (drawn(shape, dtype, seed) for seed, shape in enumerate(shapes(how, *sizes)))
    got, want = read(ours(give(a), give(b))), formula(wide(a), wide(b))
    assert got.shape == want.shape
    unit = float(np.finfo(np.float32 if dtype == "float32" else np.float64).eps)
    assert np.all(np.abs(got - want) <= 30 * unit * (sizes[1] + 3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_views_of_memory(name, dtype):
    ours, _, how = PRODUCTS[name]
    a, b = (drawn(shape, dtype, seed) for seed, shape in enumerate(shapes(how, 5, 6, 7)))
    want = read(ours(give(a), give(b)))
    for view in [
        lambda x: turned(np.ascontiguousarray(turned(x))),
        lambda x: np.ascontiguousarray(x[..., ::-1, ::-1])[..., ::-1, ::-1],
        lambda x: np.repeat(x, 2, -1)[..., ::2],
    ]:
        np.testing.assert_array_equal(view(a), a)
        np.testing.assert_array_equal(read(ours(give(view(a)), give(view(b)))), want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", [name for name in PRODUCTS if name != "phase"])
def test_numbers_that_are_none_go_where_their_row_and_column_go(name, bad, dtype):
    ours, formula, how = PRODUCTS[name]
    a, b = (drawn(shape, dtype, seed) for seed, shape in enumerate(shapes(how, 5, 6, 7)))
    # The last column of the weighted product has a weight of 2e-7, not 0.
    a[..., 2, 1] = bad
    with np.errstate(all="ignore"):
        want = formula(wide(a), wide(b))
    got = read(ours(give(a), give(b)))
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_array_equal(got[np.isinf(want)], want[np.isinf(want)].astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_numbers_that_differ_by_an_offset(name, dtype):
    """Sums of large numbers err by what is added, not by more."""
    ours, formula, how = PRODUCTS[name]
    a, b = (drawn(shape, dtype, seed) + np.asarray(1e4, dtype) for seed, shape in enumerate(shapes(how, 9, 40, 8)))
    a, b = a.astype(dtype), b.astype(dtype)
    unit = float(np.finfo(np.float32 if dtype == "float32" else np.float64).eps)
    off = np.abs(read(ours(give(a), give(b))) - formula(wide(a), wide(b)))
    assert off.max() <= 4 * unit * 43 * 40 * 1e8
