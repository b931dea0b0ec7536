"""Phase alignment: how far a spectrum is from the phase pi / 2.

    C = (Arg Tr e^(i pi rho) - pi/2)^2

for a density matrix rho, given by its eigenvalues p_k >= 0 with sum 1; of a vector x they are p_k = x_k^2 / |x|^2. The
trace z is sum_k cos(pi p_k) + i sum_k sin(pi p_k). Its imaginary part is not negative, so that the argument lies
between 0 and pi, and pi/2 minus it is the arc sine of Re z / |z|. That needs no branch and can be traced.
"""

import math
from typing import Final, Literal

from syntonic._core import PHI, PHI_INVERSE
from syntonic.sn.array import A

# pi/2 - asin(c) = sqrt(1 - c) p(c) for 0 <= c <= 1, to 2e-8 (Abramowitz and Stegun, 4.4.46).
_ARC: Final = (
    1.5707963050,
    -0.2145988016,
    0.0889789874,
    -0.0501743046,
    0.0308918810,
    -0.0170881256,
    0.0066700901,
    -0.0012624911,
)
_NOTHING: Final = 1e-37


def phase_cost(x: A) -> A:
    """Returns the mean over samples of (Arg Tr e^(i pi rho) - pi/2)^2 with p_k = x_k^2 / |x|^2, a scalar.

    Accurate to 1e-7. A sample (..., features) without energy counts as Tr = features, whose cost is (pi/2)^2.
    """
    energy = x.square()
    angles = energy / energy.sum(-1, keepdim=True).clamp(_NOTHING, math.inf) * math.pi
    real, imaginary = angles.cos().sum(-1), angles.sin().sum(-1)
    cosine = (real.abs() / (real.square() + imaginary.square()).clamp(_NOTHING, math.inf).sqrt()).clamp(0.0, 1.0)
    polynomial = cosine * _ARC[-1] + _ARC[-2]
    for coefficient in reversed(_ARC[:-2]):
        polynomial = polynomial * cosine + coefficient
    return (math.pi / 2 - (1.0 - cosine).sqrt() * polynomial).square().mean()


def variance_cost(x: A, target: float = PHI_INVERSE) -> A:
    """Returns ((var - target) / (1 + 1/phi))^2 with the variance of all elements, a scalar.

    The plain stand-in for the phase: activations of golden variance cost nothing.

    Raises:
        ValueError: a target that is not positive.
    """
    if target <= 0:
        raise ValueError(f"expected a positive target variance, got {target}")
    return ((x.var() - target) * (1 / (1 + PHI_INVERSE))).square()


class PhaseAlignmentLoss:
    """mu times the cost of the phase.

    Args:
        mu: Weight.
        form: "phase" is the phase functional, "variance" the plain stand-in.

    Raises:
        ValueError: a negative weight, or an unknown form.
    """

    def __init__(self, mu: float = 0.01, *, form: Literal["phase", "variance"] = "phase") -> None:
        if mu < 0 or form not in ("phase", "variance"):
            raise ValueError(f"expected a weight of at least 0 and form phase or variance, got {mu} and {form!r}")
        self._mu: Final = mu
        self._cost: Final = phase_cost if form == "phase" else variance_cost

    def __call__(self, x: A) -> A:
        """Returns the weighted cost of activations (..., features), a scalar."""
        return self._cost(x) * self._mu


class IPiConstraint:
    """weight cost / temperature with the variance form of the cost, or the mean squared cosine between two halves.

    Args:
        weight: Weight.
        temperature: Divisor of the cost.
        form: "variance", or "halves": the halves of the features should be orthogonal, as e^(i pi) turns by a half.

    Raises:
        ValueError: a negative weight, a temperature that is not positive, or an unknown form.
    """

    def __init__(
        self, weight: float = 0.01, temperature: float = 1.0, *, form: Literal["variance", "halves"] = "variance"
    ) -> None:
        if weight < 0 or temperature <= 0 or form not in ("variance", "halves"):
            raise ValueError(
                "expected a weight of at least 0, a positive temperature and form variance or halves, "
                f"got {weight}, {temperature} and {form!r}"
            )
        self._factor: Final = weight / temperature
        self._halves: Final = form == "halves"

    def __call__(self, x: A) -> A:
        """Returns the constraint's cost for activations (..., features), a scalar.

        Raises:
            ValueError: an odd number of features cannot be halved.
        """
        if not self._halves:
            return variance_cost(x) * self._factor
        half, odd = divmod(x.shape[-1], 2)
        if odd:
            raise ValueError(f"{x.shape[-1]} features have no two halves; use an even number or form=variance")
        a, b = x.narrow(-1, 0, half), x.narrow(-1, half, half)
        lengths = (a.square().sum(-1) * b.square().sum(-1)).clamp(_NOTHING, math.inf)
        return ((a * b).sum(-1).square() / lengths).mean() * self._factor


class GoldenPhaseSchedule:
    """A weight that rises from 0 to its full value along 1 - (1 - t)^phi, with t the share of the run that is done.

    Args:
        generations: Length of the run.

    Raises:
        ValueError: fewer than one generation.

    >>> GoldenPhaseSchedule(10).weight(10)
    1.0
    """

    def __init__(self, generations: int) -> None:
        if generations < 1:
            raise ValueError(f"expected at least one generation, got {generations}")
        self._generations: Final = generations

    def weight(self, generation: int) -> float:
        """Returns the weight in [0, 1]; generations outside the run count as its ends."""
        done = min(max(generation / self._generations, 0.0), 1.0)
        return 1 - math.pow(1 - done, PHI)
