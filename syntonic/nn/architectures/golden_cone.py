"""Golden cone attention: every sample is read against fixed damped waves.

K[h, i] = exp(-h^2 / phi) cos(2 pi h i / d), scores X K^T / phi, result softmax(scores) K.

It has no weights and looks at one sample at a time, so that it carries nothing from one position to another; and the
waves die out so fast that those from h = 4 on are nearly zero. It is kept as an ablation of attention.
"""

import math
from typing import Final

from syntonic._core import PHI, PHI_INVERSE
from syntonic.sn import Module
from syntonic.sn.array import A
from syntonic.sn.constant import constant


class GoldenConeAttention(Module):
    """softmax(X K^T / phi) K with the waves K[h, i] = exp(-h^2 / phi) cos(2 pi h i / d).

    Args:
        d_model: Features d of a sample.
        n_heads: Number of waves.

    Raises:
        ValueError: a size below 1; `forward`: another number of features.
    """

    def __init__(self, d_model: int, n_heads: int = 36) -> None:
        if d_model < 1 or n_heads < 1:
            raise ValueError(f"expected d_model and n_heads of at least 1, got {d_model} and {n_heads}")
        self._features: Final = d_model
        self._waves: Final = [
            [math.exp(-(h**2) / PHI) * math.cos(2 * math.pi * h * i / d_model) for i in range(d_model)]
            for h in range(n_heads)
        ]

    def forward(self, x: A, /) -> A:
        """Returns the mixtures of waves that the samples score: (..., length, d_model), unchanged in shape."""
        if x.shape[-1] != self._features:
            raise ValueError(f"expected {self._features} features on the last axis, got shape {x.shape}")
        columns = [list(column) for column in zip(*self._waves, strict=True)]
        scores = x.matmul(constant(x, columns)) * PHI_INVERSE
        return scores.softmax().matmul(constant(x, self._waves))
