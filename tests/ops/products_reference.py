"""Products and windows in the longest float that NumPy has, written as their definitions read."""

from itertools import product

import numpy as np


def wide(x):
    """The same values as a reference computes with them: x87 or quad where the machine has it, else binary64."""
    return np.asarray(x).astype(np.longdouble)


def random(shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def windows(x, size, stride):
    """(batch, *positions, channels) -> (batch, *windows, *size, channels)."""
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, stride, strict=True)]
    out = np.empty((x.shape[0], *counts, *size, x.shape[-1]), x.dtype)
    for at in product(*(range(n) for n in counts)):
        cut = tuple(slice(i * s, i * s + k) for i, s, k in zip(at, stride, size, strict=True))
        out[(slice(None), *at)] = x[(slice(None), *cut)]
    return out


def conv(x, w, b, stride, padding):
    """Cross-correlation, channel last; returns it and the sum of the terms' sizes, which bounds its error."""
    x = np.pad(wide(x), [(0, 0), *((p, p) for p in padding), (0, 0)])
    seen = windows(x, w.shape[1:-1], stride)
    seen = seen.reshape(*seen.shape[: len(stride) + 1], w[0].size)
    w = wide(w).reshape(w.shape[0], w[0].size)
    return seen @ w.T + wide(b), np.abs(seen) @ np.abs(w).T + np.abs(wide(b))


def attention(q, k, v, heads, causal=False, keep=None, scale=None):
    """Attention by its definition; returns it and the weighted sum of the values' sizes, which bounds its error."""
    q, k, v = wide(q), wide(k), wide(v)
    (batch, queries, d), keys, dv = q.shape, k.shape[1], v.shape[2]
    split = lambda x: np.moveaxis(x.reshape(*x.shape[:2], heads, x.shape[2] // heads), 2, 1)  # noqa: E731
    scale = 1 / np.sqrt(wide(d // heads)) if scale is None else scale
    scores = scale * split(q) @ np.swapaxes(split(k), -1, -2)
    seen = np.ones((batch, 1, queries, keys), bool)
    if causal:
        seen &= np.tri(queries, keys, dtype=bool)
    if keep is not None:
        seen &= np.asarray(keep, bool)[:, None, None, :]
    scores = np.where(seen, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    weights = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    sums = weights.sum(axis=-1, keepdims=True)
    weights /= np.where(sums == 0, 1, sums)
    back = lambda x: np.moveaxis(x, 1, 2).reshape(batch, queries, dv)  # noqa: E731
    return back(weights @ split(v)), back(weights @ np.abs(split(v)))
