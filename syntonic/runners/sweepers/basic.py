"""The grid: every combination of the values that were listed."""

import itertools
import math
from typing import Final

from syntonic.core.registry import register
from syntonic.runners.sweep.space import Proposal, Space
from syntonic.runners.sweepers.base import Batches


@register("sweeper", "basic")
class Basic:
    """Proposes every combination, the last key changing fastest.

    Args:
        space: of choices only.
        parallel: how many points run side by side.

    Raises:
        ValueError: if a dimension is an interval.
    """

    adaptive: Final = False
    together: Final = 1

    def __init__(self, space: Space, parallel: int) -> None:
        for dimension in space:
            if dimension.is_interval:
                raise ValueError(
                    f"{dimension.key}: the grid needs a list or range(...), not an interval; "
                    "add hydra/sweeper=random or hydra/sweeper=tpe to draw from it"
                )
        self._space = space
        self.total: Final = math.prod(len(dimension.choices) for dimension in space)

    def batches(self) -> Batches:
        """Yields all points at once."""
        settings = itertools.product(*(list(zip(d.overrides, d.choices, strict=True)) for d in self._space))
        keys = [dimension.key for dimension in self._space]
        yield [
            Proposal(
                tuple(override for override, _ in point), dict(zip(keys, (value for _, value in point), strict=True))
            )
            for point in settings
        ]
