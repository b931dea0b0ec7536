"""Operations that put the numbers of an axis in relation."""

from collections.abc import Sequence
from typing import Protocol, Self

from syntonic._core import ResonantTensor, Tensor


class Normalization(Protocol):
    """Softmax, norms, scale and shift, and the phi-residual."""

    def affine(self, scale: ResonantTensor, shift: ResonantTensor) -> Self:
        """Returns x * scale + shift over the last axis, both of shape (features,)."""

    def softmax(self, dim: int = -1) -> Self:
        """Returns e^x / sum e^x along `dim`."""

    def syntonic_softmax(
        self,
        dim: int = -1,
        mode_norms: Sequence[float] | None = None,
        syntony: Self | Tensor | None = None,
        syntony_scale: float = 1.0,
    ) -> Self:
        """Returns w^scale e^x / sum w^scale e^x along `dim`, w from mode norms or a syntony for each element."""

    def layer_norm(self, eps: float = 1e-5, variance: float = 1.0) -> Self:
        """Returns (x - mean) sqrt(variance / (var + eps)) over the last axis."""

    def batch_norm(self, eps: float = 1e-5, variance: float = 1.0) -> Self:
        """Returns (x - mean) sqrt(variance / (var + eps)) for each channel, the last axis, over all other axes."""

    def phi_residual(self, residual: Self | Tensor, mode: str = "phi", activation: str = "none") -> Self:
        """Returns x + residual/phi, or another of the three modes, and an activation of it."""
