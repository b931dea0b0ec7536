"""Attention by the arguments of the documents: queries, keys and values, with or without a batch axis."""

from syntonic.classic.nn.batch import alone, batched
from syntonic.nn import architectures
from syntonic.sn.array import A


class PureSyntonicAttention(architectures.SyntonicAttention):
    """softmax(Q K^T / sqrt(d)) V without weights of its own; see `SyntonicAttention`.

    Args:
        d_model: Features of queries and keys.
        dropout: Taken and not used: attention without weights has nothing to drop.
        precision: Taken and not used: activations are floats.
        heads: Number of heads.
        causal: Whether a position sees itself and earlier ones only.
        softmax: "standard" or "syntonic".

    Raises:
        ValueError: as `SyntonicAttention`.
    """

    def __init__(
        self,
        d_model: int,
        dropout: float = 0.0,
        precision: int = 100,
        *,
        heads: int = 1,
        causal: bool = False,
        softmax: architectures.Softmax = "standard",
    ) -> None:
        super().__init__(d_model, heads=heads, causal=causal, softmax=softmax)

    def forward(self, query: A, /, key: A | None = None, value: A | None = None, mask: A | None = None) -> A:
        """Returns the weighted means of the values: (batch, queries, d_model), or (queries, d_model) without a batch.

        Without keys a sequence attends to itself; `mask` is (batch, keys), 1 for keys to be seen.
        """
        keys = batched(query if key is None else key, 3)
        values = keys if value is None else batched(value, 3)
        seen = None if mask is None else batched(mask, 2)
        return alone(self.attend(batched(query, 3), keys, values, seen), query, 3)


class PureMultiHeadSyntonicAttention(architectures.MultiHeadAttention):
    """Attention in each head between projections; see `MultiHeadAttention`.

    Args:
        d_model: Size of the last axis.
        n_heads: Number of heads; a divisor of `d_model`.
        dropout: Taken and not used; `PureDHTransformerLayer` drops what attention returns.
        heads: The same as n_heads.
        causal: Whether a position sees itself and earlier ones only.
        softmax: "standard" or "syntonic".
        bias: Whether the projections have a bias.

    Raises:
        ValueError: as `MultiHeadAttention`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int = 8,
        dropout: float = 0.0,
        *,
        heads: int | None = None,
        causal: bool = False,
        softmax: architectures.Softmax = "standard",
        bias: bool = False,
    ) -> None:
        super().__init__(d_model, heads or n_heads, causal=causal, softmax=softmax, bias=bias)

    def forward(  # type: ignore[override]  # the documents have keys where a run has a mask
        self,
        query: A,
        /,
        key: A | None = None,
        value: A | None = None,
        mask: A | None = None,
        *,
        key_mask: A | None = None,
    ) -> A:
        """Returns the projected means of the values: (batch, queries, d_model), or (queries, d_model) without a batch.

        Without keys a sequence attends to itself; `mask`, or `key_mask`, is (batch, keys), 1 for keys to be seen.
        """
        keys = batched(query if key is None else key, 3)
        values = keys if value is None else batched(value, 3)
        given = key_mask if mask is None else mask
        seen = None if given is None else batched(given, 2)
        found = self.core.attend(self.query(batched(query, 3)), self.key(keys), self.value(values), seen)
        return alone(self.out(found), query, 3)
