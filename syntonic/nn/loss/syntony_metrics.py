"""Syntony as a figure: of activations, of a pair of layers, of many at once."""

import math
from collections.abc import Sequence
from typing import Literal

from syntonic.sn.array import A
from syntonic.sn.parameter import ModeNorms
from syntonic.sn.syntony import operator_syntony as operator_syntony
from syntonic.sn.syntony import sample_syntony


def activation_syntony(x: A, mode_norms: ModeNorms = "scaled") -> A:
    """Returns the mean over samples of the syntony of activations (..., features), a scalar of the forward pass."""
    return sample_syntony(x, mode_norms).mean()


def aggregate_syntony(values: Sequence[float], method: Literal["mean", "min", "max", "geometric"] = "mean") -> float:
    """Returns one syntony for many, such as those of a model's layers; 0.5 for none.

    The geometric mean counts values below 1e-10 as 1e-10.

    Raises:
        ValueError: an unknown method.

    >>> aggregate_syntony([0.2, 0.8], "geometric")
    0.4
    """
    if method not in ("mean", "min", "max", "geometric"):
        raise ValueError(f"expected a method mean, min, max or geometric, got {method!r}")
    if not values:
        return 0.5
    if method == "mean":
        return sum(values) / len(values)
    if method == "geometric":
        return math.exp(math.fsum(math.log(max(value, 1e-10)) for value in values) / len(values))
    return min(values) if method == "min" else max(values)
