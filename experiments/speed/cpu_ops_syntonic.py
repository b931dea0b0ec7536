"""Syntonic's side of `cpu_ops.py`: eager calls on tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np
from cpu_ops_rows import Data
from cpu_ops_worker import serve

from syntonic import _core
from syntonic._core import ResonantTensor, SyntonicSoftmaxState, Tensor


def build(operation: str, data: Data) -> Callable[[], Any]:
    """Returns the call of one row."""
    dtype = data[0].dtype.name
    if operation == "softmax":
        x, state = Tensor(data[0], dtype=dtype), SyntonicSoftmaxState("learned", num_features=data[0].shape[1])
        state.set_mode_norms(data[1].tolist())
        return lambda: state.forward(x)
    if operation == "conv2d":
        # Channels last, as Syntonic keeps them.
        image = Tensor(np.ascontiguousarray(data[0].transpose(0, 2, 3, 1)), dtype=dtype)
        kernel = ResonantTensor.from_flux(np.ascontiguousarray(data[1].transpose(0, 2, 3, 1)))
        return lambda: image.conv2d(kernel, padding=(1, 1))
    tensors = [Tensor(x, dtype=dtype) for x in data]
    if operation == "population":
        x, first, second = tensors
        return lambda: x.matmul(first).relu().matmul(second)
    if operation == "batch_norm":
        return lambda: _core.golden_batch_norm_2d_py(tensors[0])
    a, b = tensors
    return {
        "copy": lambda: a.concat([b]),
        "phi_residual": lambda: a.phi_residual(b),
        "phi_residual_gelu": lambda: a.phi_residual(b, activation="gelu"),
        "matmul": lambda: _core.linalg_mm(a, b),
    }[operation]


if __name__ == "__main__":
    serve(build)
