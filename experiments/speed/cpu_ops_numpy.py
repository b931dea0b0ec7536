"""NumPy's side of `cpu_ops.py`: what a careful user writes, in place where that is natural."""

from collections.abc import Callable
from typing import Any

import numpy as np
from cpu_ops_rows import GOLDEN, Data
from cpu_ops_worker import serve


def build(operation: str, data: Data) -> Callable[[], Any]:
    """Returns the call of one row."""
    return {
        "copy": copy,
        "phi_residual": phi_residual,
        "phi_residual_gelu": phi_residual_gelu,
        "softmax": softmax,
        "batch_norm": batch_norm,
        "matmul": lambda a, b: lambda: a @ b,
        "conv2d": conv2d,
        "population": lambda x, first, second: lambda: np.maximum(x @ first, 0) @ second,
    }[operation](*data)


def copy(a: np.ndarray, b: np.ndarray) -> Callable[[], Any]:
    """Two halves one after the other, into an array that is there already."""
    out = np.empty(2 * len(a), a.dtype)
    return lambda: np.concatenate((a, b), out=out)


def phi_residual(x: np.ndarray, r: np.ndarray) -> Callable[[], Any]:
    """The phi-residual x + r/phi, into an array that is there already."""
    out, factor = np.empty_like(x), x.dtype.type(GOLDEN)

    def call() -> None:
        np.multiply(r, factor, out=out)
        np.add(out, x, out=out)

    return call


def phi_residual_gelu(x: np.ndarray, r: np.ndarray) -> Callable[[], Any]:
    """GELU in its tanh form, of x + r/phi."""
    number = x.dtype.type

    def call() -> np.ndarray:
        z = x + r * number(GOLDEN)
        return number(0.5) * z * (1 + np.tanh(number(0.7978845608) * (z + number(0.044715) * z * z * z)))

    return call


def softmax(x: np.ndarray, norms: np.ndarray) -> Callable[[], Any]:
    """Softmax of rows with a weight for each column."""
    bias = (-GOLDEN * norms).astype(x.dtype)

    def call() -> np.ndarray:
        z = x + bias
        z -= z.max(1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(1, keepdims=True)
        return z

    return call


def batch_norm(x: np.ndarray) -> Callable[[], Any]:
    """Norm of each channel of (N, C, H, W) to variance 1/phi."""
    number, axes = x.dtype.type, (0, 2, 3)

    def call() -> np.ndarray:
        scale = np.sqrt(number(GOLDEN) / (x.var(axes, keepdims=True) + number(1e-5)))
        return (x - x.mean(axes, keepdims=True)) * scale

    return call


def conv2d(x: np.ndarray, kernel: np.ndarray) -> Callable[[], Any]:
    """Convolution as one product over windows."""
    matrix = kernel.reshape(len(kernel), -1).T

    def call() -> np.ndarray:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3)).transpose(0, 2, 3, 1, 4, 5)
        return windows.reshape(-1, matrix.shape[0]) @ matrix

    return call


if __name__ == "__main__":
    serve(build)
