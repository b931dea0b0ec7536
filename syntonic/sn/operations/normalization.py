"""Operations that put the numbers of an axis in relation."""

from typing import Protocol, Self

from syntonic._core import ResonantTensor


class Normalization(Protocol):
    """Softmax, scale and shift."""

    def affine(self, scale: ResonantTensor, shift: ResonantTensor) -> Self:
        """Returns x * scale + shift over the last axis, both of shape (features,)."""

    def softmax(self) -> Self:
        """Returns e^x / sum e^x over the last axis."""
