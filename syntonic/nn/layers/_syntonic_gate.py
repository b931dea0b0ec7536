"""The gate: how much of a processed value replaces what came in."""

import math
from typing import Final

from syntonic.nn.layers._resonant_linear import ResonantLinear
from syntonic.sn import Module
from syntonic.sn.array import A


class SyntonicGate(Module):
    """y = g x' + (1 - g) x with g = sigmoid(W2 relu(W1 [x; x'])), one g for each feature.

    Args:
        d_model: Features of x and of x'.
        hidden: Features between W1 and W2; d_model if not given.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, d_model: int, hidden: int | None = None) -> None:
        width = d_model if hidden is None else hidden
        self._features: Final = d_model
        self.first: Final = ResonantLinear(2 * d_model, width, gain=math.sqrt(2))
        self.second: Final = ResonantLinear(width, d_model)

    def mix(self, x: A, processed: A) -> A:
        """Returns g x' + (1 - g) x: twice (..., d_model) to (..., d_model)."""
        return self.forward(x.concat([processed], -1))

    def forward(self, x: A, /) -> A:
        """Returns the mixture of x and x' that stand side by side: (..., 2 d_model) to (..., d_model)."""
        gate = self.second(self.first(x).relu()).sigmoid()
        old, new = (x.narrow(-1, i * self._features, self._features) for i in (0, 1))
        return old + gate * (new - old)
