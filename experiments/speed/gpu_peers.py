"""Open_ES on a GPU as others run it: evosax in one jitted `lax.scan`, or PyTorch in a CUDA graph where JAX is missing.

Both perturb in mirrored pairs, rank the losses and step with Adam, as `trainer=es` does, and draw a batch a generation.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Burst = Callable[[], None]


@dataclass(frozen=True)
class Problem:
    """One task: widths of the layers, rows to draw batches from, rows of a batch (0: all of them), step size, sigma."""

    widths: tuple[int, ...]
    activation: str
    inputs: list[list[float]]
    labels: list[float]
    batch: int
    rate: float
    sigma: float


def peer(problem: Problem, population: int, generations: int) -> tuple[str, Burst]:
    """Returns who the peer is, and what runs that many generations of it."""
    if all(importlib.util.find_spec(name) for name in ("jax", "evosax")):
        import jax

        if jax.default_backend() == "gpu":
            return "evosax Open_ES", evosax_burst(problem, population, generations)
    return "PyTorch Open_ES (NO evosax HERE)", torch_burst(problem, population, generations)


def evosax_burst(problem: Problem, population: int, generations: int) -> Burst:
    """Evosax's own algorithm, whole bursts in one jitted scan."""
    import jax
    import jax.numpy as jnp
    import optax
    from evosax.algorithms import Open_ES

    rows, labels = jnp.asarray(problem.inputs), jnp.asarray(problem.labels)
    layers = list(zip(problem.widths, problem.widths[1:], strict=False))
    squash = {"tanh": jnp.tanh, "relu": jax.nn.relu}[problem.activation]

    def init(key: Any) -> list[tuple[Any, Any]]:
        keys = jax.random.split(key, len(layers))
        return [
            (jax.random.normal(k, (i, o)) / jnp.sqrt(i), jnp.zeros(o)) for k, (i, o) in zip(keys, layers, strict=True)
        ]

    def loss(params: list[tuple[Any, Any]], batch: tuple[Any, Any]) -> Any:
        x, y = batch
        for w, b in params[:-1]:
            x = squash(x @ w + b)
        z = x @ params[-1][0] + params[-1][1]
        if problem.widths[-1] == 1:
            z = z[:, 0]
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y.astype(int)[:, None], 1))

    start = init(jax.random.key(0))
    chosen = Open_ES(
        population,
        start,
        optimizer=optax.adam(problem.rate),
        std_schedule=optax.constant_schedule(problem.sigma),
        metrics_fn=lambda *_args, **_kwargs: {},
    )
    params = chosen.default_params

    def generation(state: Any, key: Any) -> tuple[Any, Any]:
        ask, tell, draw = jax.random.split(key, 3)
        batch = (rows, labels)
        if problem.batch:
            drawn = jax.random.randint(draw, (problem.batch,), 0, len(rows))
            batch = rows[drawn], labels[drawn]
        members, state = chosen.ask(ask, state, params)
        losses = jax.vmap(loss, (0, None))(members, batch)
        state, _ = chosen.tell(tell, members, losses, state, params)
        return state, jnp.mean(losses)

    run = jax.jit(lambda state, keys: jax.lax.scan(generation, state, keys))
    state = chosen.init(jax.random.key(1), start, params)
    keys = jax.random.split(jax.random.key(2), generations)
    return lambda: jax.block_until_ready(run(state, keys))


def torch_burst(problem: Problem, population: int, generations: int) -> Burst:
    """The same algorithm in PyTorch: one generation is one CUDA graph."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    device, pairs = torch.device("cuda"), population // 2
    rows, labels = torch.tensor(problem.inputs, device=device), torch.tensor(problem.labels, device=device)
    layers = list(zip(problem.widths, problem.widths[1:], strict=False))
    sizes = [i * o + o for i, o in layers]
    centre = torch.randn(sum(sizes), device=device) * 0.2
    first, second, time = torch.zeros_like(centre), torch.zeros_like(centre), torch.zeros((), device=device)
    squash = {"tanh": torch.tanh, "relu": torch.relu}[problem.activation]

    def losses(members: Any, x: Any, y: Any) -> Any:
        values = x.expand(population, *x.shape)
        for k, ((i, o), part) in enumerate(zip(layers, members.split(sizes, 1), strict=True)):
            values = torch.baddbmm(part[:, None, i * o :], values, part[:, : i * o].view(population, i, o))
            values = squash(values) if k + 1 < len(layers) else values
        if problem.widths[-1] == 1:
            z = values[..., 0]
            return (z.clamp(min=0) - z * y + torch.log1p(torch.exp(-z.abs()))).mean(1)
        scores = torch.log_softmax(values, -1)
        return -scores.gather(2, y.long().expand(population, -1)[..., None])[..., 0].mean(1)

    def generation() -> None:
        x, y = rows, labels
        if problem.batch:
            drawn = torch.randint(0, len(rows), (problem.batch,), device=device)
            x, y = rows[drawn], labels[drawn]
        noise = torch.randn(pairs, centre.numel(), device=device) * problem.sigma
        found = losses(torch.cat([centre + noise, centre - noise]), x, y)
        ranks = torch.empty_like(found)
        ranks[found.argsort()] = torch.linspace(0.5, -0.5, population, device=device)
        towards = (ranks[:pairs] - ranks[pairs:]) @ noise / (population * problem.sigma**2)
        time.add_(1)
        first.lerp_(towards, 0.1)
        second.mul_(0.999).addcmul_(towards, towards, value=0.001)
        step = first / (1 - 0.9**time) / ((second / (1 - 0.999**time)).sqrt() + 1e-8)
        centre.add_(step, alpha=problem.rate)

    aside = torch.cuda.Stream()
    with torch.cuda.stream(aside):
        faster = torch.compile(generation)
        for _ in range(3):
            faster()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        faster()

    def burst() -> None:
        for _ in range(generations):
            graph.replay()
        torch.cuda.synchronize()

    return burst
