"""Syntony of activations: how much of their energy lies in low modes, sample by sample.

    S = sum x_i^2 w(n_i) / sum x_i^2 over the features i of one sample, w(n) = exp(-n^2 / phi)

A mode belongs to a feature, never to a place in the batch, so that a sample's syntony does not depend on its company.
"""

import math
from collections.abc import Sequence
from typing import Final

from syntonic._core import PHI, PHI_INVERSE
from syntonic.sn.array import A
from syntonic.sn.constant import constant
from syntonic.sn.parameter import ModeNorms

# Energies below this count as none: the least normal float32 is 1.2e-38.
_NO_ENERGY: Final = 1e-37


def mode_norms_squared(features: int, mode_norms: ModeNorms = "scaled") -> list[float]:
    """Returns n_i^2 for each feature: "scaled" is (3 i / d)^2, "raw" is i^2, a list is taken as it is.

    Raises:
        ValueError: a list of another length, or an unknown name.

    >>> mode_norms_squared(3, "raw")
    [0.0, 1.0, 4.0]
    """
    if isinstance(mode_norms, str):
        if mode_norms not in ("scaled", "raw"):
            raise ValueError(f'expected mode norms "scaled", "raw" or a list, got {mode_norms!r}')
        step = 3 / features if mode_norms == "scaled" else 1.0
        return [(step * i) ** 2 for i in range(features)]
    if len(mode_norms) != features:
        raise ValueError(f"expected {features} mode norms, one for each feature, got {len(mode_norms)}")
    return [float(norm) for norm in mode_norms]


def golden_weights(norms_squared: Sequence[float]) -> list[float]:
    """Returns w = exp(-n^2 / phi) for each squared norm."""
    return [math.exp(-norm / PHI) for norm in norms_squared]


def sample_syntony(x: A, mode_norms: ModeNorms = "scaled") -> A:
    """Returns the syntony of each sample, (..., features) to (..., 1), in [0, 1]; 0 where there is no energy."""
    weights = constant(x, golden_weights(mode_norms_squared(x.shape[-1], mode_norms)))
    energy = x.square()
    total = energy.sum(-1, keepdim=True)
    return (energy * weights).sum(-1, keepdim=True) / total.clamp(_NO_ENERGY, math.inf)


def harmonized(x: A, syntony: A, mode_norms: ModeNorms = "scaled", strength: float = 1.0) -> A:
    """Returns x_i (1 - beta (1 - w_i)) with beta = strength * syntony / phi.

    Args:
        x: (..., features).
        syntony: (..., 1), of each sample.
        mode_norms: Norms of the features.
        strength: Factor of the damping.
    """
    damping = [1 - w for w in golden_weights(mode_norms_squared(x.shape[-1], mode_norms))]
    return x - x * (syntony * (strength * PHI_INVERSE)) * constant(x, damping)


def operator_syntony(x: A, differentiated: A, harmonized: A, eps: float = 1e-8) -> A:
    """Returns the mean over samples of 1 - |D x - H D x| / (|D x - x| + eps), each held within [0, 1]; a scalar.

    A diagnostic of a pair of layers, not the syntony of a tensor. All three are (..., features).
    """
    undone = _length(differentiated - harmonized)
    done = _length(differentiated - x)
    return (1.0 - undone / (done + eps)).clamp(0.0, 1.0).mean()


def _length(x: A) -> A:
    return x.square().sum(-1, keepdim=True).sqrt()
