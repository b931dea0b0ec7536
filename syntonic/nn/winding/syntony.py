"""Syntony of vectors that belong to winding states."""

from collections.abc import Sequence
from typing import Final

from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms
from syntonic.sn.syntony import mode_norms_squared, sample_syntony


class WindingSyntony:
    """S = sum x_i^2 exp(-n_i^2 / phi) / sum x_i^2 over the features of a sample; 0 without energy.

    Args:
        features: Size of the last axis.
        mode_norms: n_i^2 of the features: "scaled" is (3 i / d)^2, "raw" is i^2, or a list, such as |n|^2 of states.

    Raises:
        ValueError: a list of another length.
    """

    def __init__(self, features: int, mode_norms: ModeNorms = "raw") -> None:
        self.mode_norms: Final[Sequence[float]] = mode_norms_squared(features, mode_norms)

    def batch(self, x: A) -> A:
        """Returns the syntony of each sample, (..., features) to (..., 1).

        Raises:
            ValueError: another number of features.
        """
        return sample_syntony(x, self.mode_norms)

    def __call__(self, x: A) -> A:
        """Returns the mean syntony of the samples, a scalar."""
        return self.batch(x).mean()
