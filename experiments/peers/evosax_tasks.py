"""XOR and digits for evosax's Open_ES and PGPE: what a JAX user would write instead of Syntonic.

Models, losses, data and settings are those of the Syntonic side: MLP 2-16-1 with tanh and binary cross-entropy on the
four points; MLP 64-32-10 with ReLU and cross-entropy on scikit-learn's digits, one shared minibatch of 256.
Needs the peers' own environment: evosax, jax, optax, scikit-learn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from evosax.algorithms import PGPE, Open_ES
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

Params = dict[str, jax.Array]
Batch = tuple[jax.Array, jax.Array]
BATCH_SIZE = 256


@dataclass(frozen=True)
class Task:
    """One learning problem: `batch(key)` draws what all members of a generation see."""

    init: Callable[[jax.Array], Params]
    batch: Callable[[jax.Array], Batch]
    loss: Callable[[Params, Batch], jax.Array]
    accuracy: Callable[[Params, Batch], jax.Array]
    train: Batch
    test: Batch


def init_mlp(key: jax.Array, sizes: tuple[int, int, int], gain: float) -> Params:
    """Draws weights N(0, gain / fan_in) for the hidden layer and N(0, 1 / fan_in) for the output; biases are zero."""
    inputs, hidden, outputs = sizes
    first, second = jax.random.split(key)
    return {
        "w1": jax.random.normal(first, (inputs, hidden)) * jnp.sqrt(gain / inputs),
        "b1": jnp.zeros(hidden),
        "w2": jax.random.normal(second, (hidden, outputs)) * jnp.sqrt(1 / hidden),
        "b2": jnp.zeros(outputs),
    }


def xor() -> Task:
    """The four points, all of them in every generation."""
    points = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), jnp.array([0.0, 1.0, 1.0, 0.0])

    def logits(p: Params, x: jax.Array) -> jax.Array:
        return (jnp.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"])[:, 0]

    def loss(p: Params, batch: Batch) -> jax.Array:
        z, y = logits(p, batch[0]), batch[1]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def accuracy(p: Params, batch: Batch) -> jax.Array:
        return jnp.mean((logits(p, batch[0]) > 0) == (batch[1] > 0.5))

    return Task(lambda key: init_mlp(key, (2, 16, 1), 1.0), lambda _key: points, loss, accuracy, points, points)


def digits() -> Task:
    """scikit-learn's 1,797 digits, inputs / 16, the stratified 80/20 split of `train_test_split(random_state=0)`."""
    data = load_digits()
    x, y = (data.data / 16).astype("float32"), data.target.astype("int32")
    x_train, x_test, y_train, y_test = map(
        jnp.asarray, train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    )

    def logits(p: Params, x: jax.Array) -> jax.Array:
        return jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]

    def batch(key: jax.Array) -> Batch:
        rows = jax.random.randint(key, (BATCH_SIZE,), 0, x_train.shape[0])
        return x_train[rows], y_train[rows]

    def loss(p: Params, batch: Batch) -> jax.Array:
        scores = jax.nn.log_softmax(logits(p, batch[0]))
        return -jnp.mean(jnp.take_along_axis(scores, batch[1][:, None], 1))

    def accuracy(p: Params, batch: Batch) -> jax.Array:
        return jnp.mean(jnp.argmax(logits(p, batch[0]), -1) == batch[1])

    return Task(
        lambda key: init_mlp(key, (64, 32, 10), 2.0), batch, loss, accuracy, (x_train, y_train), (x_test, y_test)
    )


def no_metrics(*_args: Any, **_kwargs: Any) -> dict[str, jax.Array]:
    """Switches evosax's metrics off: its default ones copy the best member in every generation."""
    return {}


def strategy(algorithm: str, task: str, population: int, start: Params, generations: int) -> tuple[Any, Any]:
    """Returns evosax's strategy and its parameters, with the step size and sigma that Syntonic's side has."""
    if task == "xor":
        rate, sigma = 0.2, 0.3
        optimizer = optax.adam(rate)
    else:
        rate, sigma = 0.03, 0.1
        optimizer = optax.adam(optax.cosine_decay_schedule(rate, generations, 0.1))
    if algorithm == "PGPE":
        chosen = PGPE(population, start, optimizer=optimizer, metrics_fn=no_metrics)
        return chosen, chosen.default_params.replace(std_init=sigma)
    schedule = optax.constant_schedule(sigma)
    chosen = Open_ES(population, start, optimizer=optimizer, std_schedule=schedule, metrics_fn=no_metrics)
    return chosen, chosen.default_params


def generation(task: Task, chosen: Any, params: Any) -> Callable[[Any, jax.Array], tuple[Any, jax.Array]]:
    """Returns one generation for `lax.scan`: (state, key) -> (state, mean loss of the members)."""

    def step(state: Any, key: jax.Array) -> tuple[Any, jax.Array]:
        ask_key, tell_key, batch_key = jax.random.split(key, 3)
        batch = task.batch(batch_key)
        members, state = chosen.ask(ask_key, state, params)
        losses = jax.vmap(task.loss, (0, None))(members, batch)
        state, _ = chosen.tell(tell_key, members, losses, state, params)
        return state, jnp.mean(losses)

    return step
