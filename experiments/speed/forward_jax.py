"""JAX's side of `forward.py`: the loss of every member, one jitted vmap over members whose weights lie in memory."""

import argparse

import forward_sizes as sizes
import jax
import jax.numpy as jnp
from jax import Array
from worker import serve


def norm(x: Array) -> Array:
    """Returns x with mean 0 and variance 1 over the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5)


def attention(q: Array, k: Array, v: Array) -> Array:
    """Returns causal attention, head beside head."""
    split = (sizes.BATCH, sizes.LENGTH, sizes.HEADS, sizes.WIDTH // sizes.HEADS)
    q, k, v = (x.reshape(split) for x in (q, k, v))
    scores = jnp.einsum("bihd,bjhd->bhij", q, k) / jnp.sqrt(split[-1])
    seen = jnp.tril(jnp.ones((sizes.LENGTH, sizes.LENGTH), bool))
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
    return jnp.einsum("bhij,bjhd->bihd", weights, v).reshape(sizes.BATCH, sizes.LENGTH, sizes.WIDTH)


def loss(parameters: list[Array], x: Array, y: Array) -> Array:
    """Returns one member's loss."""
    w = iter(parameters)

    def linear(x: Array) -> Array:
        return x @ next(w).T + next(w)

    for _ in range(sizes.LAYERS):
        h = norm(x)
        q, k, v = linear(h), linear(h), linear(h)
        x = x + linear(attention(q, k, v))
        x = x + linear(jax.nn.gelu(linear(norm(x)), approximate=True))
    logits = jax.nn.log_softmax(linear(norm(x)), axis=-1)
    return -jnp.take_along_axis(logits, y[..., None], axis=-1).mean()


def main() -> None:
    """Serves bursts of forwards, or prints the loss of the unperturbed weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--forwards", type=int, default=3)
    parser.add_argument("--loss", action="store_true")
    args = parser.parse_args()
    jax.config.update("jax_enable_x64", args.dtype == "float64")
    values, labels = sizes.batch()
    x = jnp.asarray(values, args.dtype).reshape(sizes.BATCH, sizes.LENGTH, sizes.WIDTH)
    y = jnp.asarray(labels, jnp.int32).reshape(sizes.BATCH, sizes.LENGTH)
    centre = [jnp.asarray(sizes.weights(shape, i), args.dtype).reshape(shape) for i, shape in enumerate(sizes.shapes())]
    if args.loss:
        print(float(loss(centre, x, y)))
        return
    keys = jax.random.split(jax.random.key(0), len(centre))
    members = [
        w + 0.01 * jax.random.normal(key, (sizes.MEMBERS, *w.shape), args.dtype)
        for w, key in zip(centre, keys, strict=True)
    ]
    run = jax.jit(jax.vmap(loss, in_axes=(0, None, None)))

    def burst(count: int) -> None:
        for _ in range(count):
            jax.block_until_ready(run(members, x, y))

    serve(burst, args.forwards, sizes.MEMBERS)


if __name__ == "__main__":
    main()
