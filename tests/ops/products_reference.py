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
