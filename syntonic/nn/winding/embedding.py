"""A vector for each winding state: a row of a table, found by its state or by the state nearest to a point."""

import math
from typing import Final

from syntonic._core import PHI, Tensor
from syntonic.core.winding import WindingState, enumerate_windings
from syntonic.sn import Module, Parameter
from syntonic.sn.array import A
from syntonic.sn.constant import constant


class WindingStateEmbedding(Module):
    """One row for each winding state with |n| <= max_n, in lexicographic order.

    Rows start normal with standard deviation init_scale exp(-|n|^2 / (2 phi)).

    Args:
        max_n: Bound of |n|; 5 in four dimensions gives 3121 rows.
        embed_dim: Size of a row.
        init_scale: Scale of the first values; 1 / sqrt(embed_dim) if not given.
        dimensions: Circles of the torus that may be wound around, the first 1 to 4; states that wind around others
            have no row.
        sharpness: How decidedly `forward` chooses the nearest state: at whole numbers all but e^-sharpness of it.
        precision: Bound on the lattice coefficients of a snap.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        max_n: int = 5,
        embed_dim: int = 64,
        *,
        init_scale: float | None = None,
        dimensions: int = 4,
        sharpness: float = 20.0,
        precision: int = 100,
    ) -> None:
        self.states: Final = states(max_n, dimensions)
        self._dimensions: Final = dimensions
        self._sharpness: Final = sharpness
        self._index: Final = {state: row for row, state in enumerate(self.states)}
        self.table: Final = Parameter(
            (len(self.states), embed_dim),
            init="normal",
            gain=1 / math.sqrt(embed_dim) if init_scale is None else init_scale,
            precision=precision,
            row_gains=[math.exp(-state.norm_squared / (2 * PHI)) for state in self.states],
        )

    def row(self, state: WindingState) -> int:
        """Returns the number of a state's row.

        Raises:
            ValueError: the state has none.
        """
        try:
            return self._index[state]
        except KeyError:
            raise ValueError(f"{state} is not among the {len(self.states)} states of this table; raise max_n") from None

    def mode_norm(self, state: WindingState) -> int:
        """Returns |n|^2.

        Raises:
            ValueError: the state has no row.
        """
        return self.states[self.row(state)].norm_squared

    def lookup(self, *windings: WindingState) -> Tensor:
        """Returns the rows of these states, (len(windings), embed_dim) in float64.

        Raises:
            ValueError: a state has no row.
        """
        return self.table.data.to_tensor("float64").take([self.row(state) for state in windings])

    def forward(self, x: A, /) -> A:
        """Returns the rows of the states nearest to points, (batch, dimensions) to (batch, embed_dim).

        The mean of all rows, weighted by softmax(-sharpness |x - n|^2): smooth, so that it can be traced, and for whole
        numbers the row itself to within e^-sharpness.
        """
        places = [list(state)[: self._dimensions] for state in self.states]
        columns = [[2 * self._sharpness * n for n in axis] for axis in zip(*places, strict=True)]
        # |x|^2 is the same for all states and drops out of the softmax.
        squares = [self._sharpness * state.norm_squared for state in self.states]
        nearness = x.matmul(constant(x, columns)) - constant(x, squares)
        return nearness.softmax().matmul(x.parameter(self.table.data))


def states(max_n: int, dimensions: int) -> list[WindingState]:
    """Returns the states with |n| <= max_n that wind around the first `dimensions` circles only.

    Raises:
        ValueError: unless max_n >= 0 and 1 <= dimensions <= 4.
    """
    if not 1 <= dimensions <= 4:
        raise ValueError(f"a torus here has 1 to 4 circles, got {dimensions}")
    return [state for state in enumerate_windings(max_n) if not any(list(state)[dimensions:])]
