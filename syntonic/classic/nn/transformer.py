"""Transformers by the arguments of the documents."""

from typing import Any, Final

from syntonic.classic.nn.batch import alone, batched, of_task
from syntonic.nn import architectures
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A


class PureDHTransformerLayer(architectures.TransformerLayer):
    """x + attention(norm x) / phi, then x + W2 gelu(W1 norm x) / phi; see `TransformerLayer`.

    Args:
        d_model: Size of the last axis.
        n_heads: Number of heads; a divisor of `d_model`.
        d_ff: Width of the feed-forward part.
        dropout: Share of each part's outputs that is zeroed while a run trains.
        heads: The same as n_heads.
        ablations: What the layer is made of; its dropout counts then.

    Raises:
        ValueError: a size below 1, or heads that do not divide `d_model`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int = 8,
        d_ff: int | None = 256,
        dropout: float = 0.0,
        *,
        heads: int | None = None,
        ablations: architectures.Ablations | None = None,
    ) -> None:
        made_of = ablations or architectures.Ablations(dropout=dropout)
        super().__init__(d_model, heads or n_heads, d_ff, ablations=made_of)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the layer's outputs: (batch, length, d_model) or (length, d_model), unchanged in shape."""
        mask = None if key_mask is None else batched(key_mask, 2)
        return alone(super().forward(batched(x, 3), mask), x, 3)


class PureSyntonicTransformerEncoder(architectures.TransformerEncoder):
    """Transformer layers in a row and a norm; see `TransformerEncoder`.

    Args:
        d_model: Size of the last axis.
        n_heads: Number of heads; a divisor of `d_model`.
        n_layers: Number of layers.
        d_ff: Width of the feed-forward parts.
        dropout: Share of each part's outputs that is zeroed while a run trains.
        heads: The same as n_heads.
        layers: The same as n_layers.
        ablations: What the layers are made of; its dropout counts then.

    Raises:
        ValueError: a size below 1, or heads that do not divide `d_model`.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int = 8,
        n_layers: int = 6,
        d_ff: int | None = 256,
        dropout: float = 0.0,
        *,
        heads: int | None = None,
        layers: int | None = None,
        ablations: architectures.Ablations | None = None,
    ) -> None:
        made_of = ablations or architectures.Ablations(dropout=dropout)
        super().__init__(d_model, heads or n_heads, layers or n_layers, d_ff, ablations=made_of)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the normalised outputs: (batch, length, d_model) or (length, d_model), unchanged in shape."""
        mask = None if key_mask is None else batched(key_mask, 2)
        return alone(super().forward(batched(x, 3), mask), x, 3)


class PureSyntonicTransformer(Module):
    """An encoder, the mean over the positions, and a linear map to the outputs.

    With a `Task` as the first argument it is the model of a run, `Transformer`.

    Args:
        d_model: Features of a position.
        n_heads: Number of heads; a divisor of `d_model`.
        n_layers: Number of layers.
        d_ff: Width of the feed-forward parts.
        output_dim: Number of outputs.
        dropout: Share of each part's outputs that is zeroed while a run trains.

    Raises:
        ValueError: a size below 1, or heads that do not divide `d_model`.
    """

    def __new__(cls, *given: object, **named: object) -> Any:  # noqa: ANN401 (or the model of a run)
        """Returns the model, or that of a run for a task."""
        return of_task(architectures.Transformer, given, named) or super().__new__(cls)

    def __init__(
        self,
        d_model: int = 64,
        n_heads: int = 4,
        n_layers: int = 3,
        d_ff: int | None = 256,
        output_dim: int = 10,
        dropout: float = 0.0,
    ) -> None:
        made_of = architectures.Ablations(dropout=dropout)
        self.encoder: Final = architectures.TransformerEncoder(d_model, n_heads, n_layers, d_ff, ablations=made_of)
        self.out: Final = ResonantLinear(d_model, output_dim, bias=False)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the outputs: (batch, length, d_model) to (batch, output_dim); one sequence is a batch of one."""
        mask = None if key_mask is None else batched(key_mask, 2)
        return self.out(self.encoder.forward(batched(x, 3), mask).mean(1))
