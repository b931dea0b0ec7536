"""What a point on a torus is to each winding state: the waves cos(n x) and sin(n x), weighted by the golden weight."""

import math
from typing import Final

from syntonic._core import PHI
from syntonic.nn.layers import ResonantLinear
from syntonic.nn.winding.embedding import states
from syntonic.sn import Module
from syntonic.sn.array import A
from syntonic.sn.constant import constant


class TorusEmbedding(Module):
    """W [e^(-|n|^2 / 2 phi) cos(n x); e^(-|n|^2 / 2 phi) sin(n x)] + b: what a point on a torus is to each winding.

    Of n and -n one is kept, as the other adds nothing; the vacuum is the bias.

    Args:
        dimensions: Circles of the torus, 1 to 4.
        embed_dim: Size of the result.
        max_n: Bound of |n|, at least 1.
        period: Length of a circle in units of x.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(self, dimensions: int, embed_dim: int, *, max_n: int = 2, period: float = 2 * math.pi) -> None:
        if max_n < 1 or period <= 0:
            raise ValueError(f"expected max_n of at least 1 and a positive period, got {max_n} and {period}")
        self.states: Final = [n for n in states(max_n, dimensions) if n.n > (0, 0, 0, 0)]
        step = 2 * math.pi / period
        places = [list(n)[:dimensions] for n in self.states]
        self._columns: Final = [[step * n for n in axis] for axis in zip(*places, strict=True)]
        self._weights: Final = 2 * [math.exp(-n.norm_squared / (2 * PHI)) for n in self.states]
        # Each cosine and sine has mean square 1/2, times its weight.
        spread = math.sqrt(sum(weight**2 for weight in self._weights) / 2)
        gain = math.sqrt(len(self._weights)) / spread
        self.linear: Final = ResonantLinear(len(self._weights), embed_dim, gain=gain)

    def forward(self, x: A, /) -> A:
        """Returns the embedded points: (batch, dimensions) to (batch, embed_dim)."""
        angles = x.matmul(constant(x, self._columns))
        return self.linear(angles.cos().concat([angles.sin()], -1) * constant(x, self._weights))
