"""Winding states: integer vectors (n7, n8, n9, n10) that count turns around the four circles of the torus T^4."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from syntonic._core import py_golden_weight


@dataclass(frozen=True, slots=True)
class WindingState:
    """How often a path winds around each circle of T^4.

    States are added, negated and multiplied by integers like vectors, hashed by value, and may be indexed from 0 to 3.

    Raises:
        TypeError: If a component is not an integer.

    >>> WindingState(1, 2) - WindingState.unit(0)
    WindingState(n7=0, n8=2, n9=0, n10=0)
    >>> str(3 * WindingState(1, 0, -1)), WindingState(1, 2).norm_squared
    ('|3,0,-3,0>', 5)
    """

    n7: int
    n8: int = 0
    n9: int = 0
    n10: int = 0

    def __post_init__(self) -> None:
        for n in self:
            if isinstance(n, bool) or not isinstance(n, int):
                raise TypeError(f"a winding number must be an integer, got {n!r}")

    @classmethod
    def zero(cls) -> Self:
        """Returns the vacuum, which winds around nothing."""
        return cls(0)

    @classmethod
    def unit(cls, axis: int) -> Self:
        """Returns one turn around circle `axis`, counted from 0.

        Raises:
            ValueError: Unless 0 <= axis <= 3.
        """
        if axis not in range(4):
            raise ValueError(f"a torus axis must be 0, 1, 2 or 3, got {axis!r}")
        return cls(*(int(i == axis) for i in range(4)))

    @classmethod
    def from_tuple(cls, components: Iterable[int]) -> Self:
        """Returns the state with these one to four components.

        Raises:
            ValueError: If there are none, or more than four.
        """
        numbers = tuple(components)
        if not 1 <= len(numbers) <= 4:
            raise ValueError(f"a winding state has one to four components, got {len(numbers)}")
        return cls(*numbers)

    @property
    def n(self) -> tuple[int, int, int, int]:
        """The four components."""
        return self.n7, self.n8, self.n9, self.n10

    @property
    def norm_squared(self) -> int:
        """|n|^2, exactly."""
        return sum(n * n for n in self)

    @property
    def norm(self) -> float:
        """|n|."""
        return math.sqrt(self.norm_squared)

    @property
    def max_component(self) -> int:
        """The largest |n_i|."""
        return max(map(abs, self))

    @property
    def generation(self) -> int:
        """0 for the vacuum, else 1 + floor(ln max|n_i| / ln phi), by comparison with Lucas numbers and so exact."""
        largest = self.max_component
        if largest == 0:
            return 0
        # phi^k = L(k) - (-1/phi)^k lies just below L(k) for even k and just above it for odd k.
        k, last, next_lucas = 0, 2, 1
        while next_lucas + (k + 1) % 2 <= largest:
            k, last, next_lucas = k + 1, next_lucas, last + next_lucas
        return k + 1

    @property
    def golden_weight(self) -> float:
        """e^(-|n|^2 / phi)."""
        return py_golden_weight(self.norm_squared)

    @property
    def is_zero(self) -> bool:
        """Whether this is the vacuum."""
        return self.norm_squared == 0

    @property
    def is_vacuum(self) -> bool:
        """Whether this is the vacuum."""
        return self.is_zero

    def inner_product(self, other: "WindingState") -> int:
        """Returns the sum of n_i m_i."""
        return sum(n * m for n, m in zip(self, other, strict=True))

    def to_tuple(self) -> tuple[int, int, int, int]:
        """Returns the four components."""
        return self.n

    def __add__(self, other: "WindingState") -> "WindingState":
        if not isinstance(other, WindingState):
            return NotImplemented
        return WindingState(*(n + m for n, m in zip(self, other, strict=True)))

    def __sub__(self, other: "WindingState") -> "WindingState":
        if not isinstance(other, WindingState):
            return NotImplemented
        return self + -other

    def __neg__(self) -> "WindingState":
        return WindingState(*(-n for n in self))

    def __mul__(self, turns: int) -> "WindingState":
        if isinstance(turns, bool) or not isinstance(turns, int):
            return NotImplemented
        return WindingState(*(turns * n for n in self))

    __rmul__ = __mul__

    def __len__(self) -> int:
        return 4

    def __getitem__(self, axis: int) -> int:
        return self.n[axis]

    def __iter__(self) -> Iterator[int]:
        return iter(self.n)

    def __str__(self) -> str:
        return f"|{','.join(map(str, self))}>"


def enumerate_windings(max_norm: int = 10) -> list[WindingState]:
    """Returns every state with |n| <= max_norm in lexicographic order; 3121 of them for 5, 49,689 for 10.

    Raises:
        ValueError: If max_norm < 0.

    >>> [str(n) for n in enumerate_windings(1)][:5]
    ['|-1,0,0,0>', '|0,-1,0,0>', '|0,0,-1,0>', '|0,0,0,-1>', '|0,0,0,0>']
    """
    found: list[tuple[int, ...]] = [()]
    squares = [0]
    limit = _at_least_zero(max_norm) ** 2
    for _ in range(4):
        grown = []
        for head, square in zip(found, squares, strict=True):
            reach = math.isqrt(limit - square)
            grown += [((*head, n), square + n * n) for n in range(-reach, reach + 1)]
        found, squares = [head for head, _ in grown], [square for _, square in grown]
    return [WindingState(*components) for components in found]


def enumerate_windings_by_norm(max_norm_squared: int) -> dict[int, list[WindingState]]:
    """Returns the states with |n|^2 <= max_norm_squared, by |n|^2 in rising order, each shell in lexicographic order.

    Raises:
        ValueError: If max_norm_squared < 0.

    >>> {square: len(shell) for square, shell in enumerate_windings_by_norm(4).items()}
    {0: 1, 1: 8, 2: 24, 3: 32, 4: 24}
    """
    radius = math.isqrt(_at_least_zero(max_norm_squared) - 1) + 1 if max_norm_squared else 0
    shells: dict[int, list[WindingState]] = {square: [] for square in range(max_norm_squared + 1)}
    for state in enumerate_windings(radius):
        if state.norm_squared <= max_norm_squared:
            shells[state.norm_squared].append(state)
    return shells


def enumerate_windings_exact_norm(norm_squared: int) -> list[WindingState]:
    """Returns the states with this |n|^2 in lexicographic order.

    Raises:
        ValueError: If norm_squared < 0.
    """
    return enumerate_windings_by_norm(norm_squared)[norm_squared]


def count_windings_exact_norm(norm_squared: int) -> int:
    """Returns how many states have this |n|^2: 8 times the sum of its divisors that 4 does not divide (Jacobi, 1829).

    Raises:
        ValueError: If norm_squared < 0.

    >>> [count_windings_exact_norm(square) for square in range(5)]
    [1, 8, 24, 32, 24]
    """
    if _at_least_zero(norm_squared) == 0:
        return 1
    small = [d for d in range(1, math.isqrt(norm_squared) + 1) if norm_squared % d == 0]
    return 8 * sum(d for d in {*small, *(norm_squared // d for d in small)} if d % 4)


def count_windings(max_norm: int = 10) -> int:
    """Returns how many states have |n| <= max_norm, without listing them.

    Raises:
        ValueError: If max_norm < 0.

    >>> count_windings(5)
    3121
    """
    return sum(count_windings_exact_norm(square) for square in range(_at_least_zero(max_norm) ** 2 + 1))


def _at_least_zero(given: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"expected an integer of at least 0, got {given!r}")
    if given < 0:
        raise ValueError(f"expected an integer of at least 0, got {given}")
    return given
