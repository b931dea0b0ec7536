"""JAX's side of `cpu_ops.py`: the same formulas, compiled and fused by XLA for the CPU."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from cpu_ops_rows import GOLDEN, Data
from cpu_ops_worker import serve

jax.config.update("jax_enable_x64", True)


def batch_norm(x: jax.Array) -> jax.Array:
    """Norm of each channel of (N, C, H, W) to variance 1/phi."""
    axes = (0, 2, 3)
    scale = jnp.sqrt(GOLDEN / (x.var(axes, keepdims=True) + 1e-5))
    return (x - x.mean(axes, keepdims=True)) * scale.astype(x.dtype)


FORMULAS: dict[str, Callable[..., jax.Array]] = {
    "copy": lambda a, b: jnp.concatenate((a, b)),
    "phi_residual": lambda x, r: x + r * x.dtype.type(GOLDEN),
    "phi_residual_gelu": lambda x, r: jax.nn.gelu(x + r * x.dtype.type(GOLDEN)),
    "softmax": lambda x, bias: jax.nn.softmax(x + bias, -1),
    "batch_norm": batch_norm,
    "matmul": lambda a, b: a @ b,
    "conv2d": lambda x, kernel: jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME"),
    "population": lambda x, first, second: jnp.maximum(x @ first, 0) @ second,
}


def build(operation: str, data: Data) -> Callable[[], Any]:
    """Returns the call of one row."""
    if operation == "softmax":
        data = (data[0], (-GOLDEN * data[1]).astype(data[0].dtype))
    arrays, compiled = [jnp.asarray(x) for x in data], jax.jit(FORMULAS[operation])
    return lambda: jax.block_until_ready(compiled(*arrays))


if __name__ == "__main__":
    serve(build)
