"""Widths that grow like the Fibonacci numbers 1, 1, 2, 3, 5, 8, ..."""

from typing import Final

from syntonic._core import fibonacci


class FibonacciHierarchy:
    """The widths of a network's layers: base times 1, 1, 2, 3, 5, ...

    Args:
        max_depth: Number of steps; there are max_depth + 2 numbers.

    Raises:
        ValueError: a depth below 1.

    >>> FibonacciHierarchy(3).layer_dims(8)
    [8, 8, 16, 24, 40]
    """

    def __init__(self, max_depth: int = 5) -> None:
        if max_depth < 1:
            raise ValueError(f"expected a depth of at least 1, got {max_depth}")
        self.sequence: Final = [fibonacci(i) for i in range(1, max_depth + 3)]

    def layer_dims(self, base: int) -> list[int]:
        """Returns base * F for each number F of the sequence.

        Raises:
            ValueError: a base below 1.
        """
        if base < 1:
            raise ValueError(f"expected a base of at least 1, got {base}")
        return [base * f for f in self.sequence]

    def expansion_factor(self, level: int) -> int:
        """Returns F(level + 2) = 1, 2, 3, 5, ... for level 0, 1, 2, 3, ...

        Raises:
            ValueError: no such level.
        """
        if not 0 <= level < len(self.sequence) - 1:
            raise ValueError(f"expected a level of 0 to {len(self.sequence) - 2}, got {level}")
        return self.sequence[level + 1]

    get_layer_dims = layer_dims
    get_expansion_factor = expansion_factor
