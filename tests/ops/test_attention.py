"""Attention against its definition in extended precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from products_reference import attention, random, wide

from syntonic._core import Graph, Tensor
from syntonic.sn import functional as F

DTYPES = ["float32", "float64"]


def run(q, k, v, dtype, heads, causal=False, keep=None, scale=None):
    mask = None if keep is None else Tensor(keep, dtype=dtype)
    got = F.attention(*(Tensor(x, dtype=dtype) for x in (q, k, v)), heads, causal, mask, scale)
    assert got.dtype == dtype
    return np.asarray(got)


@st.composite
def cases(draw):
    heads, batch = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    d, dv = heads * draw(st.integers(1, 5)), heads * draw(st.integers(0, 18))
    queries, keys = draw(st.integers(0, 21)), draw(st.integers(0, 35))
    seed = draw(st.integers(0, 999))
    q, k = random((batch, queries, d), seed=seed), random((batch, keys, d), seed=seed + 1)
    v = random((batch, keys, dv), seed=seed + 2)
    keep = draw(st.none() | st.just(random((batch, keys), seed=seed + 3) > -0.5))
    return q, k, v, heads, draw(st.booleans()), keep, draw(st.none() | st.floats(0.01, 4))


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=cases())
@settings(max_examples=80, deadline=None)
def test_attention(dtype, case):
    q, k, v, heads, causal, keep, scale = case
    q, k, v = (x.astype(dtype) for x in (q, k, v))
    got = run(q, k, v, dtype, heads, causal, keep, scale)
    want, size = attention(q, k, v, heads, causal, keep, scale)
    assert got.shape == want.shape
    # Scores of size s have an error of (d + 3) s epsilon / 2, which is that of the weights relative to their size; then
    # exp to 2.5 ulp, a sum of the keys and its reciprocal, and the sum over the keys.
    d = q.shape[-1] // heads
    factor = (d**-0.5 if d else 1) if scale is None else scale
    largest = factor * np.abs(q).max(initial=0) * np.abs(k).max(initial=0) * d
    bound = np.finfo(dtype).eps * (2 * (d + 3) * largest + k.shape[1] + 12) * size + np.finfo(dtype).tiny
    assert np.all(np.abs(wide(got) - want) <= bound)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 5, 8, 19])
def test_causal_queries_do_not_see_what_follows(dtype, length):
    q, k, v = (random((2, length, 6), dtype, seed) for seed in range(3))
    whole = run(q, k, v, dtype, 2, causal=True)
    for end in range(1, length):
        later = [x.copy() for x in (q, k, v)]
        for x in later:
            x[:, end:] = np.nan
        np.testing.assert_array_equal(run(*later, dtype, 2, causal=True)[:, :end], whole[:, :end])
    np.testing.assert_array_equal(whole[:, 0], v[:, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("causal", [False, True])
def test_masked_keys_are_as_if_they_held_zeros_or_nan(dtype, causal):
    q, k, v = (random((3, 9, 4), dtype, seed) for seed in range(3))
    keep = np.ones((3, 9), dtype)
    keep[0, 6:] = 0
    keep[1, [0, 4]] = 0
    zeros, nans = ([x.copy(), y.copy()] for x, y in [(k, v), (k, v)])
    for x in zeros:
        x[keep == 0] = 0
    for x in nans:
        x[keep == 0] = np.nan
    plain = run(q, k, v, dtype, 2, causal, keep)
    assert np.isfinite(plain).all()
    for other in (zeros, nans):
        np.testing.assert_array_equal(run(q, *other, dtype, 2, causal, keep), plain)
    if not causal:
        shorter = run(q[:1], k[:1, :6], v[:1, :6], dtype, 2)
        np.testing.assert_allclose(plain[:1], shorter, rtol=0, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_query_without_keys_gives_zero(dtype):
    q, k, v = (random((2, 3, 4), dtype, seed) for seed in range(3))
    keep = np.array([[0, 0, 0], [0, 1, 0]], dtype)
    got = run(q, k, v, dtype, 2, keep=keep)
    assert (got[0] == 0).all()
    np.testing.assert_array_equal(got[1], np.broadcast_to(v[1, 1], (3, 4)))
    assert (run(q, k, v, dtype, 2, causal=True, keep=keep)[1, 0] == 0).all()
    assert (run(q, k[:, :0], v[:, :0], dtype, 2) == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_scores_do_not_overflow(dtype):
    q = np.full((1, 1, 1), 1e30, dtype)
    k, v = np.array([[[1.0], [2.0], [-3.0]]], dtype), np.array([[[5.0], [7.0], [11.0]]], dtype)
    assert run(q, k, v, dtype, 1).item() == 7


@pytest.mark.parametrize(
    ("q", "k", "v", "options", "words"),
    [
        ((2, 5, 6), (2, 7, 5), (2, 7, 6), {}, r"keys \(2, keys, 6\)"),
        ((2, 5, 6), (3, 7, 6), (3, 7, 6), {}, r"keys \(2, keys, 6\)"),
        ((2, 5, 6), (2, 7, 6), (2, 6, 6), {}, r"values \(2, 7, width\)"),
        ((5, 6), (5, 6), (5, 6), {}, "batch, length, width"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"heads": 4}, "heads that divide"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 4), {"heads": 3}, "heads that divide"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"heads": 0}, "heads that divide"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"heads": -1}, "at least 0"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"key_mask": (2, 5)}, r"key mask of shape \(2, 7\)"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"key_mask": (7,)}, r"key mask of shape \(2, 7\)"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"scale": 0.0}, "positive and finite scale"),
        ((2, 5, 6), (2, 7, 6), (2, 7, 6), {"scale": float("nan")}, "positive and finite scale"),
    ],
)
def test_what_cannot_be_is_refused(q, k, v, options, words):
    graph = Graph([])
    for make in (Tensor.zeros, graph.input):
        chosen = {"heads": 1, **options}
        if "key_mask" in chosen:
            chosen["key_mask"] = make(chosen["key_mask"])
        with pytest.raises(ValueError, match=words):
            F.attention(make(q), make(k), make(v), **chosen)


def test_dtypes_are_not_mixed():
    x = Tensor.zeros((1, 2, 2))
    with pytest.raises(TypeError, match="float64"):
        F.attention(x, x, x.astype("float64"), 1)
