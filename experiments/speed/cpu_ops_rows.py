"""The operations of `cpu_ops.py`, their sizes and data: what every contestant is asked for, one row at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Row:
    """One line of the table: an operation, its sizes, and whether twice NumPy's speed is expected of it."""

    name: str
    operation: str
    sizes: tuple[int, ...]
    twice: bool = False


ROWS = [
    Row("copy of two halves into one, 16 Mi", "copy", (1 << 23,)),
    Row("phi-residual, 16 Mi", "phi_residual", (1 << 24,)),
    Row("phi-residual + GELU, 4 Mi", "phi_residual_gelu", (1 << 22,), True),
    *(
        Row(f"syntonic softmax, {rows} x {columns}", "softmax", (rows, columns), True)
        for rows, columns in ((32768, 128), (4096, 1000), (128, 32768), (32, 131072))
    ),
    Row("golden batch norm, 64 x 64 x 32 x 32", "batch_norm", (64, 64, 32, 32), True),
    *(Row(f"matmul, {n}", "matmul", (n,)) for n in (64, 256, 1024)),
    Row("conv2d, 2 x 3 x 320 x 320, kernel 3, 16 out", "conv2d", (2, 3, 320, 16)),
    Row("population MLP 64-32-10, 256 members, batch 256", "population", (256, 256)),
]

Data = tuple[np.ndarray, ...]


def data(row: Row, dtype: str) -> Data:
    """Returns the inputs of a row, the same for every contestant."""
    rng = np.random.default_rng(0)

    def normal(*dims: int) -> np.ndarray:
        return rng.standard_normal(dims).astype(dtype)

    match row.operation, row.sizes:
        case (("copy" | "phi_residual" | "phi_residual_gelu"), (n,)):
            return normal(n), normal(n)
        case "softmax", (rows, columns):
            return normal(rows, columns), (3 * np.arange(columns) / columns) ** 2
        case "batch_norm", sizes:
            return (normal(*sizes),)
        case "matmul", (n,):
            return normal(n, n), normal(n, n)
        case "conv2d", (batch, channels, width, out):
            return normal(batch, channels, width, width), normal(out, channels, 3, 3)
        case "population", (members, batch):
            return normal(batch, 64), normal(members, 64, 32), normal(members, 32, 10)
    raise ValueError(f"expected a known row, got {row}")


Build = Callable[[str, Data], Callable[[], Any]]
