"""What both transformers share: tokens or vectors in, an encoder, logits for the whole or for each position out."""

from dataclasses import dataclass, field
from typing import Final, Literal

from syntonic.nn.architectures.embeddings import SyntonicEmbedding, WindingEmbedding, real_tokens
from syntonic.nn.architectures.positional import Positional, PositionalEncoding
from syntonic.nn.architectures.task import Task
from syntonic.nn.architectures.transformer_layer import Ablations, TransformerEncoder
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A

Embedding = Literal["lookup", "syntonic", "winding"]


@dataclass(frozen=True)
class SequenceSettings:
    """Sizes and parts of a transformer.

    Attributes:
        d_model: Features of a position.
        heads: Heads of each attention; a divisor of d_model.
        layers: Number of layers.
        d_ff: Width of the feed-forward parts; None: 2 d_model.
        positional: How positions are told apart.
        embedding: How tokens become vectors; numbers always go through an affine map.
        padding_token: A token that is ignored as a key and when positions are averaged; None: there is none.
        max_length: Longest sequence; None: that of the task.
        logit_scale: Factor of the logits; a small one starts near the uniform distribution.
        ablations: What the layers are made of.
    """

    d_model: int
    heads: int
    layers: int
    d_ff: int | None = None
    positional: Positional = "learned"
    embedding: Embedding = "lookup"
    padding_token: int | None = None
    max_length: int | None = None
    logit_scale: float = 1.0
    ablations: Ablations = field(default_factory=Ablations)


class SequenceModel(Module):
    """Embedding, positions, encoder, and logits: of the mean over the positions, or of each.

    Args:
        task: Inputs of (length,) tokens or (length, features) numbers; outputs of (classes,) for the whole sequence or
            (length, classes) for each position.
        settings: Sizes and parts.

    Raises:
        ValueError: a task that does not fit, or a setting out of range.
    """

    def __init__(self, task: Task, settings: SequenceSettings) -> None:
        _check(task, settings)
        width, padding = settings.d_model, settings.padding_token
        self._task: Final = task
        self._padding: Final = padding
        self._scale: Final = settings.logit_scale
        self.embedding: Final = _embedding(task, settings)
        length = settings.max_length or task.input_shape[0]
        self.positions: Final = PositionalEncoding(width, length, positional=settings.positional)
        self.encoder: Final = TransformerEncoder(
            width, settings.heads, settings.layers, settings.d_ff, ablations=settings.ablations
        )
        self.out: Final = ResonantLinear(width, task.output_shape[-1], bias=False)

    def forward(self, x: A, /, key_mask: A | None = None) -> A:
        """Returns the logits: (batch, length) tokens or (batch, length, features) to (batch, *output_shape).

        Args:
            x: Tokens or numbers; sequences may be shorter or longer than the task's, up to max_length.
            key_mask: (batch, length), 1 for positions to be seen, 0 for those to be ignored, beside the padding token.

        Raises:
            ValueError: an empty batch, another rank, too long a sequence, or a mask of another shape.
        """
        if len(x.shape) != 1 + len(self._task.input_shape) or 0 in x.shape:
            raise ValueError(f"expected (batch, *{self._task.input_shape}), none of them empty, got {x.shape}")
        if key_mask is not None and key_mask.shape != x.shape[:2]:
            raise ValueError(f"expected a key mask (batch, length) = {x.shape[:2]}, got {key_mask.shape}")
        if self._padding is not None:
            real = real_tokens(x, self._padding)
            key_mask = real if key_mask is None else key_mask * real
        y = self.encoder.forward(self.positions(self.embedding(x)), key_mask)
        if len(self._task.output_shape) == 1:
            y = _pooled(y, key_mask)
        return self.out(y) if self._scale == 1 else self.out(y) * self._scale


def _pooled(x: A, key_mask: A | None) -> A:
    """Returns the mean over the positions to be seen: (batch, length, d) to (batch, d)."""
    if key_mask is None:
        return x.mean(1)
    seen = (x * key_mask.reshape((*key_mask.shape, 1))).sum(1)
    # A sequence of padding alone has nothing to average and gives zeros.
    return seen / key_mask.sum(1, keepdim=True).maximum(1.0)


def _embedding(task: Task, settings: SequenceSettings) -> Module:
    if task.vocabulary is None:
        return ResonantLinear(task.input_shape[1], settings.d_model)
    if settings.embedding == "winding":
        return WindingEmbedding(task.vocabulary, settings.d_model)
    return SyntonicEmbedding(task.vocabulary, settings.d_model, harmonize=settings.embedding == "syntonic")


def _check(task: Task, settings: SequenceSettings) -> None:
    given, wanted, padding = task.input_shape, task.output_shape, settings.padding_token
    if len(given) != (1 if task.vocabulary else 2):
        kind = "tokens (length,)" if task.vocabulary else "numbers (length, features)"
        raise ValueError(f"a transformer takes {kind} here, got {given}; try model=mlp, model=cnn1d or model=cnn2d")
    if len(wanted) > 2 or (len(wanted) == 2 and wanted[0] != given[0]):
        raise ValueError(f"expected outputs (classes,) or ({given[0]}, classes), one for each position, got {wanted}")
    if padding is not None and (task.vocabulary is None or not 0 <= padding < task.vocabulary):
        raise ValueError(
            f"padding_token is {padding}; it must be one of the task's tokens, which number {task.vocabulary}"
        )
    if settings.max_length is not None and settings.max_length < given[0]:
        raise ValueError(f"max_length is {settings.max_length}; the task's sequences have length {given[0]}")
