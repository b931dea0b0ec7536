"""Operations that put the numbers of an axis in relation: softmax, norms, scale and shift; and the phi-residual."""

from collections.abc import Sequence

from syntonic._core import ResonantTensor, Tensor
from syntonic.sn.array import A


def affine(x: A, scale: ResonantTensor, shift: ResonantTensor) -> A:
    """Returns x * scale + shift over the last axis, both of shape (features,)."""
    return x.affine(scale, shift)


def softmax(x: A, dim: int = -1) -> A:
    """Returns e^x / sum e^x along `dim`; 1/n along a line that is -inf throughout, NaN along one with NaN or +inf."""
    return x.softmax(dim)


def syntonic_softmax(
    x: A,
    dim: int = -1,
    mode_norms: Sequence[float] | None = None,
    syntony: A | Tensor | None = None,
    syntony_scale: float = 1.0,
) -> A:
    """Returns w^scale e^x / sum w^scale e^x along `dim`.

    Args:
        x: logits, any shape.
        dim: the axis.
        mode_norms: n^2 for each index along `dim`; w = e^(-n^2 / phi).
        syntony: a syntony for each element, of the shape of x; w = max(syntony, 1e-10). Not together with `mode_norms`.
        syntony_scale: the power of w; with neither norms nor syntony w is 1.
    """
    return x.syntonic_softmax(dim, mode_norms, syntony, syntony_scale)


def layer_norm(x: A, eps: float = 1e-5, variance: float = 1.0) -> A:
    """Returns (x - mean) sqrt(variance / (var + eps)) over the last axis, with the population variance."""
    return x.layer_norm(eps, variance)


def batch_norm(x: A, eps: float = 1e-5, variance: float = 1.0) -> A:
    """Returns (x - mean) sqrt(variance / (var + eps)) for each channel, the last axis, over all other axes."""
    return x.batch_norm(eps, variance)


def phi_residual(x: A, residual: A | Tensor, mode: str = "phi", activation: str = "none") -> A:
    """Returns x and a residual of the same shape, joined, and an activation of that.

    Args:
        x: the identity path.
        residual: what is added to it.
        mode: "phi" for x + residual/phi, "phi_symmetric" for (x + residual)/phi, "standard" for x + residual.
        activation: "none", "relu", "gelu" (tanh form), or "layer_norm" over the last axis with eps 1e-5.
    """
    return x.phi_residual(residual, mode, activation)
