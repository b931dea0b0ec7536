"""Matrices of every dtype, to the products and back."""

import numpy as np

from syntonic._core import ComplexTensor, Tensor

PHI = (1 + 5**0.5) / 2
Q = 0.027395146919696148
DTYPES = ["float32", "float64", "complex128"]


def drawn(shape, dtype, seed):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal(shape)
    return x + 1j * generator.standard_normal(shape) if dtype == "complex128" else x.astype(dtype)


def give(x):
    return ComplexTensor.from_array(x) if np.iscomplexobj(x) else Tensor(x, dtype=x.dtype.name)


def read(y):
    return np.asarray(y.pairs).view(complex)[..., 0] if isinstance(y, ComplexTensor) else np.asarray(y)


def wide(x):
    """The same numbers in the longest format that NumPy has."""
    return x.astype(np.clongdouble if np.iscomplexobj(x) else np.longdouble)
