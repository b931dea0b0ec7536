"""Recursion losses: do a network's states grow as the golden recursion lets them grow?"""

import itertools
import math
from collections.abc import Sequence

from syntonic._core import PHI
from syntonic.sn.array import A


def fibonacci_residual(states: Sequence[A]) -> A:
    """Returns the mean square of x_(t+1) - (x_t + x_(t-1)) over elements and steps, a scalar.

    Args:
        states: At least three arrays of one shape, in order: the layers of a network, or its steps.

    Raises:
        ValueError: fewer than three states, or shapes that differ.
    """
    if len(states) < 3:
        raise ValueError(f"the recursion compares three states in a row, got {len(states)}")
    if shapes := {state.shape for state in states} - {states[0].shape}:
        raise ValueError(f"expected states of one shape, got {states[0].shape} and {', '.join(map(str, shapes))}")
    steps = list(zip(states, states[1:], states[2:], strict=False))
    errors = [(after - now - before).square().mean() for before, now, after in steps]
    return _mean(errors)


def golden_growth(states: Sequence[A]) -> A:
    """Returns the mean over steps of (|x_(t+1)| / |x_t| - phi)^2, a scalar; zero iff the norms grow by phi.

    Args:
        states: At least two arrays, in order; the norm is over all elements, and a state without any counts as 1e-37.

    Raises:
        ValueError: fewer than two states.
    """
    if len(states) < 2:
        raise ValueError(f"growth compares two states in a row, got {len(states)}")
    squares = [state.square().sum() for state in states]
    ratios = [(after / before.clamp(1e-37, math.inf)).sqrt() for before, after in itertools.pairwise(squares)]
    return _mean([(ratio - PHI).square() for ratio in ratios])


def _mean(values: Sequence[A]) -> A:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total * (1 / len(values))
