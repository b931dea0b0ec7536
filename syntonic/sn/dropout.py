"""Dropout: random zeros while training."""

from typing import Final

from syntonic.sn.array import A
from syntonic.sn.module import Module


class Dropout(Module):
    """Zeroes each element with probability p and divides the others by 1 - p; does nothing after `eval`.

    The mask is a pure function of (seed, generation, pair of members, `number`, element).

    Raises:
        ValueError: unless 0 <= p < 1.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"expected a dropout probability with 0 <= p < 1, got {p}")
        self.p: Final = p

    def forward(self, x: A, /) -> A:
        """Returns x with the mask applied, of the same shape."""
        return x.dropout(self.p, self.number) if self.training and self.p > 0 else x
