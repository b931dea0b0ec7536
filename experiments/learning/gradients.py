"""The transformer of a config by gradients: the same first weights and batches, in JAX with Adam.

uv run python experiments/learning/gradients.py transformer_recall --batches 64 1024 --seeds 0 1 2

The forward pass is written again in JAX and compared with the model's before anything is trained.
"""

import argparse
import json
import math
import platform
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from run import make, settings

from syntonic._core import PHI, Tensor
from syntonic.nn.architectures import Task

RESULTS = Path(__file__).parent / "results_gradients"
RATE, DECAY = 0.003, 0.01  # step size at the start, and the share of it that is left at the end
HEADS, LAYERS = 2, 2
Parameters = dict[str, Array]


def norm(x: Array) -> Array:
    """Returns x with mean 0 and variance 1 over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def forward(p: Parameters, tokens: Array) -> Array:
    """Returns the logits: (batch, length) to (batch, length, vocabulary)."""
    x = p["embedding.table"][tokens] + p["positions.table"]
    batch, length, width = x.shape
    heads = (batch, length, HEADS, width // HEADS)
    for layer in range(LAYERS):
        w = {key.partition(f"layers.{layer}.")[2]: value for key, value in p.items() if f"layers.{layer}." in key}
        h = norm(x)
        q, k, v = ((h @ w[f"attention.{name}.weight"].T).reshape(heads) for name in ("query", "key", "value"))
        weights = jax.nn.softmax(jnp.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(width // HEADS), -1)
        attended = jnp.einsum("bhij,bjhd->bihd", weights, v).reshape(x.shape) @ w["attention.out.weight"].T
        x = x + attended / PHI
        h = jax.nn.gelu(norm(x) @ w["feed_in.weight"].T, approximate=True)
        x = x + h @ w["feed_out.weight"].T / PHI
    return norm(x) @ p["out.weight"].T


def loss(p: Parameters, tokens: Array, answers: Array) -> Array:
    """Returns the mean cross-entropy of the judged places, the last ones."""
    logits = jax.nn.log_softmax(forward(p, tokens)[:, -answers.shape[1] :], -1)
    return -jnp.take_along_axis(logits, answers[..., None], -1).mean()


@jax.jit
def step(
    state: tuple[Parameters, Parameters, Parameters], count: Array, last: Array, tokens: Array, answers: Array
) -> Any:
    """Returns the state after one step of Adam, whose rate falls along a cosine."""
    p, first, second = state
    rate = RATE * (DECAY + (1 - DECAY) * (1 + jnp.cos(jnp.pi * count / last)) / 2)
    gradient = jax.grad(loss)(p, tokens, answers)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    by, square = 1 - 0.9 ** (count + 1), 1 - 0.999 ** (count + 1)
    p = jax.tree.map(lambda w, m, v: w - rate * (m / by) / (jnp.sqrt(v / square) + 1e-8), p, first, second)
    return p, first, second


def train(config: dict[str, Any], batch: int, seed: int) -> dict[str, Any]:
    """Trains once and returns what the benchmark says of the weights."""
    benchmark = make("benchmark", config["benchmark"] | {"batch_size": batch}, seed)
    model = make("model", config["model"], Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary))
    model.initialize(seed)
    named = dict(model.named_parameters())
    p = {key.removeprefix("model."): jnp.asarray(w.data.to_list(), "float32") for key, w in named.items()}

    def whole(x: Tensor) -> Array:
        return jnp.asarray(np.asarray(x), "int32")

    tokens = benchmark.batch(0)[0]
    assert np.allclose(np.asarray(model(tokens)), forward(p, whole(tokens)), atol=1e-4), "another forward pass"
    state = (p, jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p))
    last, start = config["trainer"]["max_generations"], time.perf_counter()
    for generation in range(last):
        x, y = benchmark.batch(generation)
        state = step(state, jnp.float32(generation), jnp.float32(last), whole(x), whole(y))
    seconds = time.perf_counter() - start
    for key, w in named.items():
        w.data.set_flux(np.asarray(state[0][key.removeprefix("model.")], "float64").ravel())
    model.eval()
    return {"config": config["benchmark"]["variant"], "batch": batch, "steps": last, "seed": seed} | {
        "parameters": sum(w.data.size for w in named.values()),
        "reached": benchmark.evaluate(model),
        "seconds": round(seconds, 1),
        "processor": platform.processor() or platform.machine(),
    }


def main() -> None:
    """Trains configs with batches of these sizes from these seeds; a file for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configs", nargs="+")
    parser.add_argument("--batches", type=int, nargs="+", default=[64])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for name in given.configs:
        for batch in given.batches:
            for seed in given.seeds:
                found = train(settings(name, []), batch, seed)
                text = json.dumps(found, indent=1) + "\n"
                (RESULTS / f"{name}-{batch}-s{seed}.json").write_text(text, encoding="utf-8")
                print(name, batch, seed, found["reached"], found["seconds"], flush=True)


if __name__ == "__main__":
    main()
