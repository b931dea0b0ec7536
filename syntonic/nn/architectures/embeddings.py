"""Tokens as vectors: a row of a table for each, or the phases of a few winding numbers."""

import math
from typing import Final

from syntonic._core import PHI
from syntonic.nn.layers import Harmonization, ResonantLinear, SyntonicNorm
from syntonic.sn import Module, Parameter
from syntonic.sn.array import A
from syntonic.sn.constant import constant


class SyntonicEmbedding(Module):
    """A row of a table for each token, by default harmonized and normalised.

    Args:
        vocabulary: Number of tokens.
        d_model: Size of a row.
        harmonize: Whether rows are multiplied by sqrt(d_model), harmonized and normalised to variance 1 / phi; their
            entries start normal with standard deviation 1 / (phi sqrt(d_model)) then. Otherwise a row is used as it
            is, and starts with standard deviation 1/2.
        padding_token: A token whose row is zero.

    Raises:
        ValueError: a size below 1, or a padding token outside the vocabulary; `forward`: a token outside it, where the
            tokens are known (in a program such a row becomes NaN).
    """

    def __init__(
        self, vocabulary: int, d_model: int, *, harmonize: bool = True, padding_token: int | None = None
    ) -> None:
        _check(vocabulary, d_model)
        if padding_token is not None and not 0 <= padding_token < vocabulary:
            raise ValueError(f"expected a padding token of 0 to {vocabulary - 1}, got {padding_token}")
        self._padding: Final = padding_token
        self._scale: Final = math.sqrt(d_model)
        gain = 1 / (PHI * self._scale) if harmonize else 0.5
        self.table: Final = Parameter((vocabulary, d_model), init="normal", gain=gain)
        self.harmonization: Final = Harmonization(d_model) if harmonize else None
        self.norm: Final = SyntonicNorm(d_model) if harmonize else None

    def forward(self, x: A, /) -> A:
        """Returns the rows of tokens held as floats: (...) to (..., d_model)."""
        y = x.embedding(self.table.data)
        if self.harmonization and self.norm:
            y = self.norm(self.harmonization(y * self._scale))
        if self._padding is None:
            return y
        return y * real_tokens(x, self._padding).reshape((*x.shape, 1))


class WindingEmbedding(Module):
    """Phases of a token on circles of different winding: norm(W [cos 2 pi w t; sin 2 pi w t] + b), t = token / V.

    The windings are 1, 2, 5, 9, 17, 29, 47, 77, ...: each about phi times the last, and coprime to all before. Tokens
    are told apart within the vocabulary alone; larger ones would repeat it.

    Args:
        vocabulary: Number of tokens V.
        d_model: Size of the result.
        num_windings: Number of circles.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, vocabulary: int, d_model: int, *, num_windings: int = 8) -> None:
        _check(vocabulary, d_model)
        if num_windings < 1:
            raise ValueError(f"expected at least one winding, got {num_windings}")
        self._steps: Final = [2 * math.pi * w / vocabulary for w in winding_numbers(num_windings)]
        self.linear: Final = ResonantLinear(2 * num_windings, d_model)
        self.norm: Final = SyntonicNorm(d_model)

    def forward(self, x: A, /) -> A:
        """Returns the embedded tokens: (...) to (..., d_model)."""
        angles = x.reshape((*x.shape, 1)) * constant(x, self._steps)
        return self.norm(self.linear(angles.cos().concat([angles.sin()], -1)))


def winding_numbers(count: int) -> list[int]:
    """Returns the first `count` windings: 1, 2, then int(phi * last) + 1, raised until coprime to all before.

    >>> winding_numbers(8)
    [1, 2, 5, 9, 17, 29, 47, 77]
    """
    chosen = [1, 2]
    while len(chosen) < count:
        candidate = int(chosen[-1] * PHI) + 1
        while any(math.gcd(candidate, other) > 1 for other in chosen):
            candidate += 1
        chosen.append(candidate)
    return chosen[:count]


def real_tokens(tokens: A, padding_token: int) -> A:
    """Returns 1 for each token and 0 for padding, of the same shape; exact, as tokens are whole numbers."""
    return (tokens - float(padding_token)).abs().clamp(0.0, 1.0)


def _check(vocabulary: int, d_model: int) -> None:
    if vocabulary < 1 or d_model < 1:
        raise ValueError(f"expected a vocabulary and a d_model of at least 1, got {vocabulary} and {d_model}")
