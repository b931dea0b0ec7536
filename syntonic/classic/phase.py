"""The phase functional Arg Tr e^(i pi rho) of a density matrix, and its distance from the theory's target pi / 2.

The trace runs over all eigenvalues of rho, so that a zero counts as the direction 1. The uniform state of n dimensions
has the phase pi / n, and every mixed state of two dimensions has pi / 2.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from syntonic._core import phase_functional as phase_functional
from syntonic._core import spectrum as spectrum

TARGET_PHASE: Final = math.pi / 2
"""The theory's i pi constraint: Arg Tr e^(i pi rho) = pi / 2."""


def density_spectrum(values: Sequence[float]) -> list[float]:
    """Returns v^2 / sum v^2, the eigenvalues of the density matrix that is diagonal in the modes of `values`.

    Raises:
        ValueError: If there is no energy, or a value is not finite.

    >>> density_spectrum([3.0, -4.0])
    [0.36, 0.64]
    """
    largest = max(map(abs, values), default=0.0)
    if largest == 0 or not all(map(math.isfinite, values)):
        raise ValueError("expected finite values with some energy, which a density matrix shares out")
    energies = [(v / largest) ** 2 for v in values]
    total = math.fsum(energies)
    return [energy / total for energy in energies]


def matrix_phase(rho: Any) -> float:  # noqa: ANN401 - whatever `Tensor` reads
    """Returns Arg Tr e^(i pi rho) of a density matrix (n, n): real, symmetric, positive, of trace 1.

    Raises:
        ValueError: If it is not such a matrix.

    >>> matrix_phase([[0.5, 0.0], [0.0, 0.5]]) == TARGET_PHASE
    True
    """
    return phase_functional(spectrum(rho))


def phase_cost(phase: float, target: float = TARGET_PHASE) -> float:
    """Returns the square of the angle between a phase and its target, the shorter way around.

    >>> phase_cost(-math.pi, math.pi)
    0.0
    """
    return math.remainder(phase - target, 2 * math.pi) ** 2
