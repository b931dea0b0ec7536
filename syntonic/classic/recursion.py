"""The golden recursion of winding states: R(n) = floor(phi n), component by component and exact."""

import math
from typing import Final

from syntonic._core import PHI
from syntonic.core.winding import WindingState

_LARGEST_EXPONENT: Final = 14  # phi^15 > 745: e^-that is no longer a float


class GoldenRecursionMap:
    """The map R(n) = floor(phi n) and what follows from iterating it.

    >>> R = GoldenRecursionMap()
    >>> [str(n) for n in R.orbit(WindingState(2, -1), 3)]
    ['|2,-1,0,0>', '|3,-2,0,0>', '|4,-4,0,0>', '|6,-7,0,0>']
    >>> R.inverse(WindingState(6, -7)) == WindingState(4, -4)
    True
    """

    def __call__(self, state: WindingState) -> WindingState:
        """Returns floor(phi n)."""
        return WindingState(*map(_floor_times_phi, state))

    def inverse(self, state: WindingState) -> WindingState:
        """Returns ceil(n / phi): the state whose image this is; of the states of no image, the first that passes it."""
        # n / phi = phi n - n
        return WindingState(*(_floor_times_phi(n) - n + (n != 0) for n in state))

    def orbit(self, state: WindingState, steps: int) -> list[WindingState]:
        """Returns n, R(n), R(R(n)), ..., `steps` + 1 states.

        Raises:
            ValueError: If steps < 0.
        """
        if steps < 0:
            raise ValueError(f"expected at least 0 steps, got {steps}")
        states = [state]
        for _ in range(steps):
            states.append(self(states[-1]))
        return states

    def is_fixed_point(self, state: WindingState) -> bool:
        """Returns whether R(n) = n: every component is 0 or 1."""
        return self(state) == state

    def orbit_depth(self, state: WindingState) -> int:
        """Returns how many times R can be undone: 0 for a state that is no image, and for a fixed point."""
        depth = 0
        while not self.is_fixed_point(state):
            before = self.inverse(state)
            if self(before) != state:
                break
            state = before
            depth += 1
        return depth

    def mass_scaling(self, depth: int) -> float:
        """Returns e^(-phi^depth)."""
        return math.exp(-(PHI ** min(depth, _LARGEST_EXPONENT + 1)))


def _floor_times_phi(n: int) -> int:
    """Returns floor(n phi) = floor((n + sqrt(5 n^2)) / 2); the root is irrational unless n = 0."""
    root = math.isqrt(5 * n * n)
    return (n + root) // 2 if n >= 0 else (n - root - 1) // 2
