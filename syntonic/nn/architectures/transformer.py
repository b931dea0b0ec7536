"""The transformer: classes of a sequence, or classes of each of its positions."""

from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Lt

from syntonic.core.registry import register
from syntonic.nn.architectures.sequence_model import SequenceModel, SequenceSettings
from syntonic.nn.architectures.task import Task
from syntonic.nn.architectures.transformer_layer import Ablations
from syntonic.sn import Module
from syntonic.sn.array import A


@register("model", "transformer")
class Transformer(Module):
    """An encoder: every position sees every other, and the answer is read from their mean or from each.

    Args:
        task: Inputs of (length,) tokens or (length, features) numbers; outputs of (classes,) for the whole sequence or
            (length, classes) for each position.
        d_model: Features of a position.
        heads: Heads of each attention; a divisor of d_model.
        layers: Number of layers.
        d_ff: Width of the feed-forward parts; None: 2 d_model.
        dropout: Share of each part's outputs that is zeroed while training.
        causal: Whether a position sees itself and earlier ones only.
        positional: How positions are told apart: a row of a parameter for each, or waves; see `PositionalEncoding`.
        embedding: How tokens become vectors: rows of a table, the same harmonized, or phases; see `embeddings`.
        residual: "phi" adds a part divided by phi, "standard" adds it, "phi_symmetric" divides the sum by phi.
        norm: Whether layer norms aim at variance 1 / phi ("golden") or 1.
        softmax: Whether attention prefers near keys by their golden weight ("syntonic") or not.
        attention: "standard" mixes positions; "cone" reads each for itself, an ablation.
        affine_norm: Whether layer norms have gamma and beta.
        padding_token: A token that is ignored as a key and when positions are averaged; None: there is none.
        max_length: Longest sequence; None: that of the task.
        logit_scale: Factor of the logits; a small one starts near the uniform distribution.

    Raises:
        ValueError: a task that does not fit, or an argument out of range.

    >>> model = Transformer(Task((6,), (6, 8), vocabulary=8), d_model=32, layers=1)
    >>> model.initialize(seed=0)
    >>> [name for name, _ in model.named_parameters()][:3]
    ['model.embedding.table', 'model.positions.table', 'model.encoder.layers.0.attention.query.weight']
    """

    def __init__(
        self,
        task: Task,
        *,
        d_model: Annotated[int, Ge(1)] = 32,
        heads: Annotated[int, Ge(1)] = 2,
        layers: Annotated[int, Ge(1)] = 2,
        d_ff: Annotated[int, Ge(1)] | None = None,
        dropout: Annotated[float, Ge(0), Lt(1)] = 0.0,
        causal: bool = False,
        positional: Literal["golden", "standard", "learned"] = "learned",
        embedding: Literal["lookup", "syntonic", "winding"] = "lookup",
        residual: Literal["phi", "phi_symmetric", "standard"] = "phi",
        norm: Literal["golden", "standard"] = "standard",
        softmax: Literal["standard", "syntonic"] = "standard",
        attention: Literal["standard", "cone"] = "standard",
        affine_norm: bool = False,
        padding_token: Annotated[int, Ge(0)] | None = None,
        max_length: Annotated[int, Ge(1)] | None = None,
        logit_scale: Annotated[float, Gt(0)] = 1.0,
    ) -> None:
        ablations = Ablations(residual, norm, softmax, attention, causal, dropout, affine_norm)
        self.model: Final = SequenceModel(
            task,
            SequenceSettings(
                d_model=d_model,
                heads=heads,
                layers=layers,
                d_ff=d_ff,
                positional=positional,
                embedding=embedding,
                padding_token=padding_token,
                max_length=max_length,
                logit_scale=logit_scale,
                ablations=ablations,
            ),
        )

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the logits: (batch, *input_shape) to (batch, *output_shape); see `SequenceModel.forward`."""
        return self.model.forward(x, key_mask)
