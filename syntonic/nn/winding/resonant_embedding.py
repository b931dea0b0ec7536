"""Winding states whose rows are judged by where they wind and by their features together."""

import math
from typing import Final

from syntonic._core import PHI
from syntonic.core.winding import WindingState
from syntonic.nn.winding.embedding import WindingStateEmbedding
from syntonic.sn import Module
from syntonic.sn.array import A


class ResonantWindingEmbedding(Module):
    """A table of winding states whose entry (n, i) has mode norm |n|^2 + i^2.

    Args:
        max_n: Bound of |n|.
        embed_dim: Size of a row.
        precision: Bound on the lattice coefficients of a snap.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(self, max_n: int = 5, embed_dim: int = 64, *, precision: int = 100) -> None:
        self.embedding: Final = WindingStateEmbedding(max_n, embed_dim, precision=precision)

    def forward(self, x: A, /) -> A:
        """Returns the rows of the states nearest to points: (batch, 4) to (batch, embed_dim)."""
        return self.embedding(x)

    def mode_norm(self, state: WindingState, feature: int) -> int:
        """Returns |n|^2 + i^2 of an entry.

        Raises:
            ValueError: no such state or feature.
        """
        if not 0 <= feature < self.embedding.table.shape[1]:
            raise ValueError(f"expected a feature of 0 to {self.embedding.table.shape[1] - 1}, got {feature}")
        return self.embedding.mode_norm(state) + feature**2

    def crystallize(self) -> None:
        """Snaps the table to the lattice."""
        self.embedding.table.data.crystallize()

    def syntony(self) -> float:
        """Returns the share of the table's energy in its low modes by the norms |n|^2 + i^2; 0 without energy."""
        total = low = 0.0
        rows = self.embedding.table.data.to_tensor("float64").tolist()
        for state, row in zip(self.embedding.states, rows, strict=True):
            for feature, value in enumerate(row):
                total += value**2
                low += value**2 * math.exp(-(state.norm_squared + feature**2) / PHI)
        return low / total if total else 0.0
