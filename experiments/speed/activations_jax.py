"""JAX's side of `activations.py`: the same models written out, K + 1 compiled passes for a generation."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import activations_models as models
import jax
import jax.numpy as jnp
from jax import Array
from worker import serve

PHI = (1 + 5**0.5) / 2
Weights = dict[str, Array]


def mlp(p: Weights, x: Array) -> Array:
    """Returns the logits of the digits' network."""
    h = jax.nn.relu(x @ p["layers.0.weight"].T + p["layers.0.bias"])
    return h @ p["layers.2.weight"].T + p["layers.2.bias"]


def cnn(p: Weights, x: Array) -> Array:
    """Returns the logits of three convolutions and an affine map; weights are (out, kernel, in)."""
    x = x.reshape(*x.shape[:2], -1)
    for i, kernel in enumerate(models.KERNELS):
        w, side = p[f"layers.{2 * i}.weight"], kernel // 2
        rule = ("NWC", "OWI", "NWC")
        x = jax.lax.conv_general_dilated(x, w, (2,), [(side, side)], dimension_numbers=rule)
        x = jax.nn.relu(x + p[f"layers.{2 * i}.bias"])
    return x.reshape(x.shape[0], -1) @ p["out.weight"].T + p["out.bias"]


def norm(x: Array) -> Array:
    """Returns x with mean 0 and variance 1 over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)


def transformer(p: Weights, x: Array) -> Array:
    """Returns the logits of the language model at each position."""
    batch, length = x.shape
    size = models.WIDTH // models.HEADS
    h = p["model.embedding.table"][x.astype(jnp.int32)] + p["model.positions.table"][:length]
    seen = jnp.tril(jnp.ones((length, length), bool))
    for i in range(models.LAYERS):
        layer = f"model.encoder.layers.{i}"
        z = norm(h)
        q, k, v = (
            (z @ p[f"{layer}.attention.{name}.weight"].T).reshape(batch, length, models.HEADS, size)
            for name in ("query", "key", "value")
        )
        scores = jnp.einsum("bihd,bjhd->bhij", q, k) * size**-0.5
        weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
        taken = jnp.einsum("bhij,bjhd->bihd", weights, v).reshape(batch, length, models.WIDTH)
        h = h + taken @ p[f"{layer}.attention.out.weight"].T / PHI
        fed = jax.nn.gelu(norm(h) @ p[f"{layer}.feed_in.weight"].T, approximate=True)
        h = h + fed @ p[f"{layer}.feed_out.weight"].T / PHI
    return norm(h) @ p["model.out.weight"].T * 0.25


MODELS: dict[str, Callable[[Weights, Array], Array]] = {"digits": mlp, "mnist1d": cnn, "language": transformer}


def main() -> None:
    """Serves bursts, or prints the loss of the first batch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=models.NAMES)
    parser.add_argument("--generations", type=int, default=1)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--loss", action="store_true")
    args = parser.parse_args()
    read = json.loads(args.weights.read_text())
    parameters = {name: jnp.asarray(values, jnp.float32) for name, values in read["parameters"].items()}
    inputs, targets = (jnp.asarray(values, jnp.float32) for values in read["batch"])
    model = MODELS[args.name]

    @jax.jit
    def loss(p: Weights, x: Array, y: Array) -> Array:
        logits = jax.nn.log_softmax(model(p, x), axis=-1)
        return -jnp.take_along_axis(logits, y.astype(jnp.int32)[..., None], axis=-1).mean()

    if args.loss:
        print(float(loss(parameters, inputs, targets)))
        return

    def passes(count: int) -> None:
        for _ in range(count * (models.DRAWS + 1)):
            jax.block_until_ready(loss(parameters, inputs, targets))

    serve(passes, args.generations, models.DRAWS + 1)


if __name__ == "__main__":
    main()
