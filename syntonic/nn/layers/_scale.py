"""What follows a normalisation: a scale and a shift for each feature, and the check that features fit."""

from typing import Final

from syntonic.sn import Module, Parameter
from syntonic.sn.array import A


class Scale(Module):
    """x * gamma + beta over the last axis; gamma starts at one, beta at zero."""

    def __init__(self, features: int) -> None:
        self.gamma: Final = Parameter((features,), init="ones")
        self.beta: Final = Parameter((features,), init="zeros")

    def forward(self, x: A, /) -> A:
        """Returns x * gamma + beta, of the same shape."""
        return x.affine(self.gamma.data, self.beta.data)


def at_least_one(features: int) -> int:
    """Returns the number of features.

    Raises:
        ValueError: it is below 1.
    """
    if features < 1:
        raise ValueError(f"expected at least one feature, got {features}")
    return features


def check_features(x: A, features: int) -> None:
    """Checks the size of the last axis.

    Raises:
        ValueError: it is another.
    """
    if x.shape[-1:] != (features,):
        raise ValueError(f"expected {features} features on the last axis, got shape {x.shape}")
