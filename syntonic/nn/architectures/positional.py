"""Where in the sequence a sample stands, as numbers added to it.

golden:   PE(p, 2i) = sin(p / phi^(2i/d)),     PE(p, 2i+1) = cos of the same
standard: PE(p, 2i) = sin(p / 10000^(2i/d)),   PE(p, 2i+1) = cos of the same  (Vaswani et al., arXiv 1706.03762)
learned:  a row of a parameter for each position

The golden wavelengths lie between 2 pi and 2 pi phi: they tell neighbours apart and carry no long-range order.
"""

import math
from typing import Final, Literal

from syntonic._core import PHI, Tensor
from syntonic.sn import Module, Parameter
from syntonic.sn.array import A
from syntonic.sn.constant import constant

Positional = Literal["golden", "standard", "learned"]
_BASES: Final = {"golden": PHI, "standard": 10000.0}


class PositionalEncoding(Module):
    """Adds an encoding of the position to each sample of a sequence.

    Args:
        d_model: Size of the last axis.
        max_len: Positions in the table; longer sequences are refused, unless `grows` is set.
        positional: Which encoding; "learned" starts normal with standard deviation 1/2.

    Raises:
        ValueError: a size below 1, an unknown encoding; `forward`: a longer sequence or another width.
    """

    def __init__(self, d_model: int, max_len: int = 5000, *, positional: Positional = "golden") -> None:
        if d_model < 1 or max_len < 1:
            raise ValueError(f"expected d_model and max_len of at least 1, got {d_model} and {max_len}")
        if positional not in (*_BASES, "learned"):
            raise ValueError(f"expected a positional encoding golden, standard or learned, got {positional!r}")
        self._shape: Final = (max_len, d_model)
        self.grows = False
        self._base: Final = _BASES.get(positional)
        # What was computed for a length and a number format; the values never change.
        self._tables: Final[dict[tuple[int, str], Tensor]] = {}
        self.table: Final = Parameter(self._shape, init="normal", gain=0.5) if self._base is None else None

    def forward(self, x: A, /) -> A:
        """Returns x plus the encoding of positions 0, 1, ...: (..., length, d_model), unchanged in shape."""
        max_len, d_model = self._shape
        if len(x.shape) < 2 or x.shape[-1] != d_model:
            raise ValueError(f"expected (..., length, {d_model}), got shape {x.shape}")
        length = x.shape[-2]
        if length > max_len and not (self.grows and self.table is None):
            raise ValueError(f"a sequence of length {length} is longer than the table of {max_len}; raise max_len")
        if self.table is not None:
            return x + x.parameter(self.table.data).narrow(0, 0, length)
        key = (length, f"{x.dtype} on {x.device}" if isinstance(x, Tensor) else "symbol")
        if key not in self._tables:
            self._tables[key] = constant(x, [self._row(position) for position in range(length)])
        return x + self._tables[key]

    def _row(self, position: int) -> list[float]:
        assert self._base is not None
        d = self._shape[1]
        angles = [position / self._base ** (2 * (i // 2) / d) for i in range(d)]
        return [math.cos(angle) if i % 2 else math.sin(angle) for i, angle in enumerate(angles)]
