"""Random search: points drawn evenly from lists, ranges and intervals (Bergstra and Bengio, JMLR 13, 2012)."""

import random
from typing import Annotated, Any, Final

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.runners.sweep.space import Proposal, Space
from syntonic.runners.sweepers.base import Batches


@register("sweeper", "random")
class Random:
    """Draws points; the n-th is the same in every sweep with this seed and space.

    Args:
        space: to draw from.
        parallel: how many points run side by side.
        n_trials: points to draw.
        seed: of the draws.
    """

    adaptive: Final = False
    together: Final = 1

    def __init__(
        self, space: Space, parallel: int, *, n_trials: Annotated[int, Ge(1)] = 20, seed: Annotated[int, Ge(0)] = 0
    ) -> None:
        self._space, self._seed = space, seed
        self.total: Final = n_trials

    def batches(self) -> Batches:
        """Yields all points at once."""
        yield [self._draw(random.Random(f"{self._seed} {number}")) for number in range(self.total)]

    def _draw(self, source: random.Random) -> Proposal:
        overrides: list[str] = []
        values: dict[str, Any] = {}
        for dimension in self._space:
            # One number for each dimension whatever it is, so that an interval can be moved without moving the rest.
            override, values[dimension.key] = dimension.setting(dimension.at(source.random()))
            overrides.append(override)
        return Proposal(tuple(overrides), values)
