"""What a model is made for: the shape of one example, the shape of one answer, and the number of tokens."""

import math
from dataclasses import dataclass
from typing import Final, Literal

from syntonic.sn.array import A, Array

Order = Literal["free", "next", "later"]
"""What a task asks of the order of its inputs: "next": the answers are later inputs, which a model must not see;
"later": a place needs inputs that come after it; "free": neither."""
FITTING: Final[dict[Order, str]] = {
    "free": "model=transformer or model=transformer_lm",
    "next": "model=transformer_lm",
    "later": "model=transformer",
}
"""Models of sequences of tokens, by what they may or must see."""


@dataclass(frozen=True)
class Task:
    """The sizes that a benchmark hands to a model. The batch axis is in none of them.

    Attributes:
        input_shape: One example: (features,), (height, width, channels), (length, channels), or (length,) tokens.
        output_shape: One answer: (outputs,), such as the logits of classes, or (length, vocabulary) for sequences.
        vocabulary: Number of tokens, if the inputs are tokens 0 to vocabulary - 1 held as floats; None: numbers.
        order: Whether a model must not see later inputs ("next"), must see them ("later"), or neither ("free").

    Raises:
        ValueError: a shape without axes, or a size below 1.

    >>> Task((8, 8, 1), (10,)).inputs
    64
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    vocabulary: int | None = None
    order: Order = "free"

    def __post_init__(self) -> None:
        for name, shape in (("input_shape", self.input_shape), ("output_shape", self.output_shape)):
            if not shape or min(shape) < 1:
                raise ValueError(f"expected an {name} of at least one axis, all sizes at least 1, got {shape}")
        if self.vocabulary is not None and self.vocabulary < 1:
            raise ValueError(f"expected a vocabulary of at least 1 token, or None for numbers, got {self.vocabulary}")

    @property
    def inputs(self) -> int:
        """Number of values in one example."""
        return math.prod(self.input_shape)

    @property
    def outputs(self) -> int:
        """Number of values in one answer."""
        return math.prod(self.output_shape)

    def check(self, x: Array) -> None:
        """Checks that `x` holds examples of this task.

        Raises:
            ValueError: it is not (batch, *input_shape), or is empty.
        """
        if x.shape[1:] != self.input_shape or not x.shape[0]:
            raise ValueError(f"expected (batch, {str(self.input_shape)[1:-1].rstrip(',')}), not empty, got {x.shape}")

    def flat(self, x: A) -> A:
        """Returns the examples as rows: (batch, *input_shape) to (batch, inputs).

        Raises:
            ValueError: as `check`.
        """
        self.check(x)
        return x if len(self.input_shape) == 1 else x.reshape((x.shape[0], self.inputs))

    def answer(self, y: A) -> A:
        """Returns rows as answers: (batch, outputs) to (batch, *output_shape)."""
        return y if len(self.output_shape) == 1 else y.reshape((y.shape[0], *self.output_shape))

    def refuse_tokens(self, model: str) -> None:
        """Checks that the inputs are numbers.

        Raises:
            ValueError: they are tokens; `model` names who refuses them.
        """
        if self.vocabulary is not None:
            raise ValueError(
                f"{model} takes numbers, but this task gives tokens 0 to {self.vocabulary - 1}; "
                f"try {FITTING[self.order]}"
            )
