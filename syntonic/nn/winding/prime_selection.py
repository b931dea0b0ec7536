"""Selection of features by the arithmetic of their place: k = i + 1 for the feature with index i.

"square_free" keeps k with Moebius mu(k) != 0: 1, 2, 3, 5, 6, 7, 10, ... (what earlier descriptions call prime);
"prime" keeps the primes 2, 3, 5, 7, 11, ...
"""

from typing import Final, Literal

from syntonic._core import is_prime
from syntonic._core import py_mobius as mobius
from syntonic.sn import Module
from syntonic.sn.array import A
from syntonic.sn.constant import constant


class PrimeSelection(Module):
    """Sets the features that are not selected to zero.

    Args:
        features: Size of the last axis.
        mask: Which features are selected.

    Raises:
        ValueError: fewer than one feature, or an unknown mask; `forward`: another number of features.

    >>> PrimeSelection(8).selected, PrimeSelection(8, mask="prime").selected
    ([0, 1, 2, 4, 5, 6], [1, 2, 4, 6])
    """

    def __init__(self, features: int, *, mask: Literal["square_free", "prime"] = "square_free") -> None:
        if features < 1:
            raise ValueError(f"expected at least one feature, got {features}")
        if mask not in ("square_free", "prime"):
            raise ValueError(f"expected a mask square_free or prime, got {mask!r}")
        self._mask: Final = [float(mobius(k) != 0 if mask == "square_free" else is_prime(k)) for k in _places(features)]

    @property
    def selected(self) -> list[int]:
        """Indices of the features that are kept."""
        return [i for i, kept in enumerate(self._mask) if kept]

    @property
    def rejected(self) -> list[int]:
        """Indices of the features that are set to zero."""
        return [i for i, kept in enumerate(self._mask) if not kept]

    def forward(self, x: A, /) -> A:
        """Returns x with zeros where a feature is not selected, (..., features), unchanged in shape."""
        if x.shape[-1:] != (len(self._mask),):
            raise ValueError(f"expected {len(self._mask)} features on the last axis, got shape {x.shape}")
        return x * constant(x, self._mask)


def _places(features: int) -> range:
    return range(1, features + 1)
