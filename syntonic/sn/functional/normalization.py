"""Operations that put the numbers of an axis in relation: softmax, scale and shift."""

from syntonic._core import ResonantTensor
from syntonic.sn.array import A


def affine(x: A, scale: ResonantTensor, shift: ResonantTensor) -> A:
    """Returns x * scale + shift over the last axis, both of shape (features,)."""
    return x.affine(scale, shift)


def softmax(x: A) -> A:
    """Returns e^x / sum e^x over the last axis."""
    return x.softmax()
