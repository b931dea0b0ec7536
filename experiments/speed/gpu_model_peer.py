"""An evolution strategy in JAX over a model of this program: members by `vmap`, whole bursts by one `lax.scan`.

`Traced` stands where a `Tensor` stands in a model's forward pass, so that both contestants compute the same formulas
from one description. Mirrored pairs, centred ranks, Adam: what `trainer=es` does.
"""
# ruff: noqa: D102 (each is the method of `Tensor` of that name)

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

Burst = Callable[[], None]
PHI = (1 + 5**0.5) / 2


def value(x: Any) -> Any:
    """Returns the array of a traced value, or the number itself."""
    return x.array if isinstance(x, Traced) else jnp.asarray(x.tolist(), jnp.float32) if hasattr(x, "tolist") else x


def axes(dim: Any) -> Any:
    """Returns axes as NumPy names them."""
    return tuple(dim) if isinstance(dim, list | tuple) else dim


class Traced:
    """An array and the parameters of one member, by the identity of the model's own."""

    def __init__(self, array: Any, parameters: dict[int, Any]) -> None:
        self.array = array
        self.parameters = parameters

    def _of(self, array: Any) -> "Traced":
        return Traced(array, self.parameters)

    def _p(self, parameter: Any) -> Any:
        return self.parameters[id(parameter)]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        return int(self.array.ndim)

    def __add__(self, y: Any) -> "Traced":
        return self._of(self.array + value(y))

    def __radd__(self, y: Any) -> "Traced":
        return self._of(value(y) + self.array)

    def __sub__(self, y: Any) -> "Traced":
        return self._of(self.array - value(y))

    def __rsub__(self, y: Any) -> "Traced":
        return self._of(value(y) - self.array)

    def __mul__(self, y: Any) -> "Traced":
        return self._of(self.array * value(y))

    def __rmul__(self, y: Any) -> "Traced":
        return self._of(value(y) * self.array)

    def __truediv__(self, y: Any) -> "Traced":
        return self._of(self.array / value(y))

    def __rtruediv__(self, y: Any) -> "Traced":
        return self._of(value(y) / self.array)

    def __neg__(self) -> "Traced":
        return self._of(-self.array)

    def __matmul__(self, y: Any) -> "Traced":
        return self._of(self.array @ value(y))

    matmul = __matmul__

    def __getattr__(self, name: str) -> Callable[[], "Traced"]:
        function = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "gelu": jax.nn.gelu}.get(name) or getattr(jnp, name)
        return lambda: self._of(function(self.array))

    def neg(self) -> "Traced":
        return self._of(-self.array)

    def clamp(self, low: float, high: float) -> "Traced":
        return self._of(jnp.clip(self.array, low, high))

    def maximum(self, y: Any) -> "Traced":
        return self._of(jnp.maximum(self.array, value(y)))

    def minimum(self, y: Any) -> "Traced":
        return self._of(jnp.minimum(self.array, value(y)))

    def reshape(self, *shape: Any) -> "Traced":
        return self._of(self.array.reshape(shape[0] if isinstance(shape[0], list | tuple) else shape))

    def expand(self, shape: Sequence[int]) -> "Traced":
        return self._of(jnp.broadcast_to(self.array, tuple(shape)))

    def permute(self, order: Sequence[int]) -> "Traced":
        return self._of(self.array.transpose(tuple(order)))

    def transpose(self, a: int, b: int) -> "Traced":
        return self._of(jnp.swapaxes(self.array, a, b))

    def narrow(self, dim: int, start: int, length: int) -> "Traced":
        return self._of(jax.lax.slice_in_dim(self.array, start, start + length, axis=dim % self.ndim))

    def index_select(self, dim: int, indices: Sequence[int]) -> "Traced":
        return self._of(jnp.take(self.array, jnp.asarray(list(indices)), axis=dim))

    def take(self, indices: Sequence[int]) -> "Traced":
        return self._of(self.array[..., jnp.asarray(list(indices))])

    def concat(self, others: Sequence["Traced"], dim: int = 0) -> "Traced":
        return self._of(jnp.concatenate([self.array, *map(value, others)], dim))

    def sum(self, dim: Any = None, keepdim: bool = False) -> "Traced":
        return self._of(self.array.sum(axes(dim), keepdims=keepdim))

    def mean(self, dim: Any = None, keepdim: bool = False) -> "Traced":
        return self._of(self.array.mean(axes(dim), keepdims=keepdim))

    def var(self, dim: Any = None, keepdim: bool = False) -> "Traced":
        return self._of(self.array.var(axes(dim), keepdims=keepdim))

    def max(self, dim: Any = None, keepdim: bool = False) -> "Traced":
        return self._of(self.array.max(axes(dim), keepdims=keepdim))

    def parameter(self, p: Any) -> "Traced":
        return self._of(self._p(p))

    def linear(self, weight: Any, bias: Any = None) -> "Traced":
        y = self.array @ self._p(weight).T
        return self._of(y if bias is None else y + self._p(bias))

    def affine(self, scale: Any, shift: Any) -> "Traced":
        return self._of(self.array * self._p(scale) + self._p(shift))

    def embedding(self, table: Any) -> "Traced":
        return self._of(self._p(table)[self.array.astype(int)])

    def conv2d(self, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0) -> "Traced":
        both = lambda n: (n, n) if isinstance(n, int) else tuple(n)  # noqa: E731
        pads = [(p, p) for p in both(padding)]
        numbers = ("NHWC", "OHWI", "NHWC")
        y = jax.lax.conv_general_dilated(self.array, self._p(weight), both(stride), pads, dimension_numbers=numbers)
        return self._of(y if bias is None else y + self._p(bias))

    def conv1d(self, weight: Any, bias: Any = None, stride: int = 1, padding: int = 0) -> "Traced":
        numbers = ("NWC", "OWI", "NWC")
        y = jax.lax.conv_general_dilated(
            self.array, self._p(weight), (stride,), [(padding, padding)], dimension_numbers=numbers
        )
        return self._of(y if bias is None else y + self._p(bias))

    def max_pool2d(self, size: Any, stride: Any = None) -> "Traced":
        window = (1, size, size, 1) if isinstance(size, int) else (1, *size, 1)
        return self._of(jax.lax.reduce_window(self.array, -jnp.inf, jax.lax.max, window, window, "VALID"))

    def layer_norm(self, eps: float = 1e-5, variance: float = 1.0) -> "Traced":
        x = self.array - self.array.mean(-1, keepdims=True)
        return self._of(x * jnp.sqrt(variance / ((x * x).mean(-1, keepdims=True) + eps)))

    def softmax(self, dim: int = -1) -> "Traced":
        return self._of(jax.nn.softmax(self.array, dim))

    def phi_residual(self, residual: "Traced", mode: str = "phi", activation: str = "none") -> "Traced":
        x, r = self.array, residual.array
        y = {"phi": x + r / PHI, "phi_symmetric": (x + r) / PHI, "standard": x + r}[mode]
        done = {"none": lambda: self._of(y), "relu": self._of(y).relu, "gelu": self._of(y).gelu}
        return self._of(y).layer_norm() if activation == "layer_norm" else done[activation]()

    def attention(
        self, key: "Traced", values: "Traced", heads: int, causal: bool = False, key_mask: Any = None, scale: Any = None
    ) -> "Traced":
        split = lambda x: x.reshape(*x.shape[:2], heads, -1)  # noqa: E731
        q, k, v = split(self.array), split(key.array), split(values.array)
        scores = jnp.einsum("bihd,bjhd->bhij", q, k) * (scale or q.shape[-1] ** -0.5)
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:])) > 0, scores, -jnp.inf)
        if key_mask is not None:
            scores = jnp.where(value(key_mask)[:, None, None] != 0, scores, -jnp.inf)
        y = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores), v)
        return self._of(y.reshape(*y.shape[:2], -1))

    def cross_entropy(self, labels: "Traced", weights: Any = None) -> "Traced":
        picked = jnp.take_along_axis(jax.nn.log_softmax(self.array), labels.array.astype(int)[..., None], -1)[..., 0]
        if weights is None:
            return self._of(-picked.mean())
        w = value(weights)
        return self._of(-(w * picked).sum() / w.sum())


def es_burst(
    model: Any, benchmark: Any, population: int, generations: int, rate: float, sigma: float
) -> tuple[Burst, Any]:
    """Returns what runs that many generations, and the loss of one member on the first batch, for a comparison."""
    own = [p.data for p in model.parameters()]
    centre = [jnp.asarray(p.to_list(), jnp.float32).reshape(p.shape) for p in own]
    batches = [benchmark.batch(generation) for generation in range(16)]
    stacks = tuple(jnp.stack([value(batch[i]).reshape(batch[i].shape) for batch in batches]) for i in range(2))

    def loss(params: list[Any], batch: tuple[Any, Any]) -> Any:
        named = {id(p): array for p, array in zip(own, params, strict=True)}
        x, y = (Traced(array, named) for array in batch)
        return benchmark.loss(model.forward(x), y).array

    pairs = population // 2

    def generation(carry: Any, number: Any) -> Any:
        params, first, second = carry
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), number), len(params))
        noise = [jax.random.normal(key, (pairs, *p.shape)) for key, p in zip(keys, params, strict=True)]
        members = [jnp.concatenate([p + sigma * z, p - sigma * z]) for p, z in zip(params, noise, strict=True)]
        batch = tuple(stack[number % len(batches)] for stack in stacks)
        losses = jax.vmap(loss, (0, None))(members, batch)
        ranks = jnp.argsort(jnp.argsort(losses)) / (population - 1) - 0.5
        u = (ranks[:pairs] - ranks[pairs:]) / (population * sigma)
        towards = [jnp.tensordot(u, z, 1) for z in noise]
        first = [0.9 * m + 0.1 * g for m, g in zip(first, towards, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, towards, strict=True)]
        t = number + 1.0
        steps = [m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8) for m, v in zip(first, second, strict=True)]
        params = [p - rate * step for p, step in zip(params, steps, strict=True)]
        return (params, first, second), losses.mean()

    run = jax.jit(lambda carry, start: jax.lax.scan(generation, carry, start + jnp.arange(generations)))
    carry = (centre, [jnp.zeros_like(p) for p in centre], [jnp.zeros_like(p) for p in centre])
    return lambda: jax.block_until_ready(run(carry, 0)), float(loss(centre, batches_of(stacks)))


def batches_of(stacks: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns the first batch."""
    return tuple(stack[0] for stack in stacks)
