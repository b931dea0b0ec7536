"""A parameter as a module: a tensor on the lattice that can be mutated, cycled and read in a forward pass."""

import random
from collections.abc import Sequence
from typing import Final

from syntonic.sn import Module, Parameter
from syntonic.sn.array import A
from syntonic.sn.parameter import Init, ModeNorms


class ResonantParameter(Module):
    """A tensor that training changes, used by addition: `forward(x)` is x + p.

    Args:
        shape: Sizes of the axes.
        init: Law of the first values; see `Parameter`.
        gain: Scale of the law.
        mode_norms: Norms of the features of the last axis; see `Parameter`.
        precision: Bound on the lattice coefficients of a snap.

    Raises:
        ValueError: an argument out of range.

    >>> bias = ResonantParameter((3,), init="zeros")
    >>> bias.mutate(seed=1, rate=1.0)
    >>> sorted({abs(c) for pair in bias.parameter.data.lattice() for c in pair})
    [1]
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        init: Init = "normal",
        gain: float = 1.0,
        mode_norms: ModeNorms = "scaled",
        precision: int = 100,
    ) -> None:
        self.parameter: Final = Parameter(shape, init=init, gain=gain, mode_norms=mode_norms, precision=precision)

    def forward(self, x: A, /) -> A:
        """Returns x + p under the rules of broadcasting."""
        return x + self.value(x)

    def value(self, beside: A) -> A:
        """Returns p as a value of the same forward pass as `beside`."""
        return beside.parameter(self.parameter.data)

    def mutate(self, *, seed: int, rate: float = 0.1, magnitude: int = 1) -> None:
        """Crystallizes, then moves coefficients a and b by +-magnitude, each with probability `rate`.

        Mode norms and precision stay; a coefficient never leaves the bound that the precision sets.

        Raises:
            ValueError: unless 0 <= rate <= 1 and magnitude >= 1.
        """
        if not 0 <= rate <= 1 or magnitude < 1:
            raise ValueError(f"expected 0 <= rate <= 1 and a magnitude of at least 1, got {rate} and {magnitude}")
        data, source = self.parameter.data, random.Random(seed)
        if data.phase == "flux":
            data.crystallize()
        bound = data.precision

        def moved(coefficient: int) -> int:
            step = source.choice((-magnitude, magnitude)) if source.random() < rate else 0
            return max(-bound, min(bound, coefficient + step))

        pairs = [(moved(a), moved(b)) for a, b in data.lattice()]
        halves = [value for part in (0, 1) for value in (pair[part] for pair in pairs)]
        data.set_bytes("crystallized", b"".join(value.to_bytes(8, "little", signed=True) for value in halves))

    def cpu_cycle(self, noise_scale: float = 0.1, *, seed: int, step: int = 0) -> float:
        """Runs one cycle of differentiation, harmonization and snap; returns the new syntony."""
        return self.parameter.data.cpu_cycle(noise_scale, seed=seed, step=step)
