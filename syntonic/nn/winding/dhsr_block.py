"""The DHSR block: differentiate, select, harmonize, and keep the result of those samples whose syntony rose.

    D: x + alpha P relu(E x), alpha = (1 - S) / phi^2
    select: features at square-free places
    H: x_i (1 - beta (1 - w_i)), beta = S / phi
    accept: x' where S(x') > S(x) + threshold, else x

S is each sample's own. Acceptance depends on data, so it is no branch but a mask: the difference, times a number so
large that it saturates, and clamped to 0 or 1. It can be traced, and is exact unless the difference is below 1e-30.
"""

import math
from typing import Final, Literal

from syntonic._core import PHI_INVERSE_SQUARED
from syntonic.nn.layers import ResonantLinear
from syntonic.nn.winding.prime_selection import PrimeSelection
from syntonic.sn import Dropout, Module
from syntonic.sn.array import A
from syntonic.sn.syntony import harmonized, sample_syntony

_STEEP: Final = 1e30


class DHSRBlock(Module):
    """Differentiation, selection and harmonization with acceptance by syntony, sample by sample.

    Args:
        features: Size of the last axis.
        expansion: Width of E over `features`.
        selection: Which features survive differentiation; see `PrimeSelection`.
        threshold: How much syntony must rise; 0 accepts any rise.
        dropout: Share of E's outputs that is zeroed while training.

    Raises:
        ValueError: a size below 1 or another argument out of range.
    """

    def __init__(
        self,
        features: int,
        *,
        expansion: int = 3,
        selection: Literal["square_free", "prime", "none"] = "square_free",
        threshold: float = 0.024,
        dropout: float = 0.0,
    ) -> None:
        self._threshold: Final = threshold
        self.expand: Final = ResonantLinear(features, expansion * features, gain=math.sqrt(2))
        self.project: Final = ResonantLinear(expansion * features, features)
        self.dropout: Final = Dropout(dropout)
        self.selection: Final = None if selection == "none" else PrimeSelection(features, mask=selection)

    def forward(self, x: A, /) -> A:
        """Returns the accepted results and the other samples as they came: (batch, features), unchanged in shape."""
        values, _, _ = self.judge(x)
        return values

    def judge(self, x: A) -> tuple[A, A, A]:
        """Returns values (batch, features), acceptance (batch, 1) of 0 or 1, and syntony (batch, 1) of the values."""
        before = sample_syntony(x)
        grown = self.project(self.dropout(self.expand(x).relu()))
        y = x + grown * ((1.0 - before) * PHI_INVERSE_SQUARED)
        y = self.selection(y) if self.selection else y
        y = harmonized(y, before)
        after = sample_syntony(y)
        accepted = ((after - before - self._threshold) * _STEEP).clamp(0.0, 1.0)
        return x + accepted * (y - x), accepted, before + accepted * (after - before)
