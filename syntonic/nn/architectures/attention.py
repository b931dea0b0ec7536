"""Attention: each position takes from the others what fits its question."""

import math
from typing import Final, Literal

from syntonic._core import PHI
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A
from syntonic.sn.constant import constant

Softmax = Literal["standard", "syntonic"]
# Added to the score of a key that must not be seen: its weight is then exactly 0 in both number formats.
_HIDDEN: Final = -1e9


class SyntonicAttention(Module):
    """Attention without weights of its own: softmax(Q K^T / sqrt(d)) V, in each head for itself.

    The syntonic softmax multiplies the weight of the key at distance m by w(n) = exp(-n^2 / phi) with n = 3 m / keys:
    the modes are distances, and near keys are low modes.

    Args:
        d_model: Features of queries and keys; `heads` must divide it.
        heads: Number of heads; each sees d_model / heads features.
        causal: Whether a position sees itself and earlier ones only.
        softmax: Which softmax turns scores into weights.

    Raises:
        ValueError: `heads` does not divide `d_model`, or an unknown softmax; `forward`: shapes that do not fit.
    """

    def __init__(self, d_model: int, *, heads: int = 1, causal: bool = False, softmax: Softmax = "standard") -> None:
        if heads < 1 or d_model < 1 or d_model % heads:
            raise ValueError(f"{heads} heads do not divide d_model = {d_model}; choose a divisor of it")
        if softmax not in ("standard", "syntonic"):
            raise ValueError(f"expected softmax standard or syntonic, got {softmax!r}")
        self._width: Final = d_model
        self._heads: Final = heads
        self._causal: Final = causal
        self._syntonic: Final = softmax == "syntonic"

    def forward(self, x: A, /) -> A:
        """Returns what a sequence takes from itself: (batch, length, d_model), unchanged in shape."""
        return self.attend(x, x, x)

    def attend(self, query: A, key: A, value: A, key_mask: A | None = None) -> A:
        """Returns the weighted means of the values.

        Args:
            query: (batch, queries, d_model).
            key: (batch, keys, d_model).
            value: (batch, keys, features); `heads` must divide features.
            key_mask: (batch, keys), 1 for keys to be seen, 0 for those to be ignored.

        Returns:
            (batch, queries, features).

        Raises:
            ValueError: shapes that do not fit, or an empty batch.
        """
        _check(query, key, value, key_mask, self._width, self._heads)
        if not self._syntonic:
            return query.attention(key, value, self._heads, self._causal, key_mask)
        weights = self._weights(query, key, key_mask)
        mixed = weights.matmul(self._split(value))
        return mixed.transpose(1, 2).reshape((query.shape[0], query.shape[1], value.shape[2]))

    def _weights(self, query: A, key: A, key_mask: A | None) -> A:
        """Returns the weights of the syntonic softmax: (batch, heads, queries, keys)."""
        queries, keys = query.shape[1], key.shape[1]
        scores = self._split(query).matmul(self._split(key).transpose(2, 3))
        scores = scores * math.sqrt(self._heads / self._width) + constant(query, self._bias(queries, keys))
        if key_mask is not None:
            scores = scores + (key_mask.reshape((query.shape[0], 1, 1, keys)) - 1.0) * -_HIDDEN
        return scores.softmax()

    def _bias(self, queries: int, keys: int) -> list[list[float]]:
        """Returns ln w of each distance, and for a causal mask what hides later keys: (queries, keys)."""
        return [
            [
                _HIDDEN if self._causal and key > query else -((3 * (query - key) / keys) ** 2) / PHI
                for key in range(keys)
            ]
            for query in range(queries)
        ]

    def _split(self, x: A) -> A:
        """Returns the heads apart: (batch, length, features) to (batch, heads, length, features / heads)."""
        batch, length, features = x.shape
        return x.reshape((batch, length, self._heads, features // self._heads)).transpose(1, 2)


class MultiHeadAttention(Module):
    """Projections to queries, keys and values, attention in each head, and a projection of the heads side by side.

    Args:
        d_model: Size of the last axis; `heads` must divide it.
        heads: Number of heads.
        causal: Whether a position sees itself and earlier ones only.
        softmax: Which softmax turns scores into weights; see `SyntonicAttention`.
        bias: Whether the projections have a bias.

    Raises:
        ValueError: `heads` does not divide `d_model`, or an unknown softmax; `forward`: shapes that do not fit.
    """

    def __init__(
        self,
        d_model: int,
        heads: int = 8,
        *,
        causal: bool = False,
        softmax: Softmax = "standard",
        bias: bool = False,
    ) -> None:
        self.core: Final = SyntonicAttention(d_model, heads=heads, causal=causal, softmax=softmax)
        self.query: Final = ResonantLinear(d_model, d_model, bias=bias)
        self.key: Final = ResonantLinear(d_model, d_model, bias=bias)
        self.value: Final = ResonantLinear(d_model, d_model, bias=bias)
        self.out: Final = ResonantLinear(d_model, d_model, bias=bias)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns what a sequence takes from itself: (batch, length, d_model), unchanged in shape.

        `key_mask` is (batch, length): 1 for positions to be seen, 0 for those to be ignored.
        """
        return self.out(self.core.attend(self.query(x), self.key(x), self.value(x), key_mask))


def _check(query: A, key: A, value: A, key_mask: A | None, width: int, heads: int) -> None:
    if len(query.shape) != 3 or query.shape[-1] != width or 0 in query.shape:
        raise ValueError(f"expected queries (batch, length, {width}), none of them empty, got {query.shape}")
    if len(key.shape) != 3 or key.shape[-1] != width or key.shape[0] != query.shape[0] or 0 in key.shape:
        raise ValueError(f"expected keys ({query.shape[0]}, length, {width}), none of them empty, got {key.shape}")
    if len(value.shape) != 3 or value.shape[:2] != key.shape[:2] or value.shape[2] % heads:
        raise ValueError(f"expected values (*{key.shape[:2]}, a multiple of {heads} heads), got {value.shape}")
    if key_mask is not None and key_mask.shape != key.shape[:2]:
        raise ValueError(f"expected a key mask (batch, keys) = {key.shape[:2]}, got {key_mask.shape}")
