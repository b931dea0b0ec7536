"""The causal transformer: the next token after each position."""

from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Lt

from syntonic.core.registry import register
from syntonic.nn.architectures.sequence_model import SequenceModel, SequenceSettings
from syntonic.nn.architectures.task import Task
from syntonic.nn.architectures.transformer_layer import Ablations
from syntonic.sn import Module
from syntonic.sn.array import A


@register("model", "transformer_lm")
class TransformerLM(Module):
    """Logits for each position that depend on this position and on earlier ones only.

    Args:
        task: Inputs of (length,) tokens or (length, features) numbers; outputs of (length, classes).
        d_model: Features of a position.
        heads: Heads of each attention; a divisor of d_model.
        layers: Number of layers.
        d_ff: Width of the feed-forward parts; None: 2 d_model.
        dropout: Share of each part's outputs that is zeroed while training.
        positional: How positions are told apart: a row of a parameter for each, or waves; see `PositionalEncoding`.
        embedding: How tokens become vectors: rows of a table, the same harmonized, or phases; see `embeddings`.
        residual: "phi" adds a part divided by phi, "standard" adds it, "phi_symmetric" divides the sum by phi.
        norm: Whether layer norms aim at variance 1 / phi ("golden") or 1.
        softmax: Whether attention prefers near keys by their golden weight ("syntonic") or not.
        attention: "standard" mixes positions; "cone" reads each for itself, an ablation.
        affine_norm: Whether layer norms have gamma and beta.
        padding_token: A token that is ignored as a key; None: there is none.
        max_length: Longest sequence; None: that of the task.
        logit_scale: Factor of the logits; a small one starts near the uniform distribution.

    Raises:
        ValueError: a task that does not fit, or an argument out of range.

    >>> model = TransformerLM(Task((64,), (64, 256), vocabulary=256), d_model=64, heads=4)
    >>> sum(p.data.size for p in model.parameters())
    102400
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
        positional: Literal["golden", "standard", "learned"] = "learned",
        embedding: Literal["lookup", "syntonic", "winding"] = "lookup",
        residual: Literal["phi", "phi_symmetric", "standard"] = "phi",
        norm: Literal["golden", "standard"] = "standard",
        softmax: Literal["standard", "syntonic"] = "standard",
        attention: Literal["standard", "cone"] = "standard",
        affine_norm: bool = False,
        padding_token: Annotated[int, Ge(0)] | None = None,
        max_length: Annotated[int, Ge(1)] | None = None,
        logit_scale: Annotated[float, Gt(0)] = 0.25,
    ) -> None:
        if len(task.output_shape) != 2:
            raise ValueError(
                f"a language model answers at each position, but this task wants {task.output_shape} for the whole; "
                "try model=transformer"
            )
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
                ablations=Ablations(residual, norm, softmax, attention, True, dropout, affine_norm),
            ),
        )

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the logits: (batch, *input_shape) to (batch, *output_shape); see `SequenceModel.forward`."""
        return self.model.forward(x, key_mask)
