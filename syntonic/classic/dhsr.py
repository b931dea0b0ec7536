"""The cycle D, H, S of a field without noise and without a lattice: real or complex, features on the last axis.

- S = sum |psi|^2 w / sum |psi|^2, w = e^(-n^2 / phi)
- D: psi <- psi (1 + alpha |n|), alpha = phi^-2 (1 - S)
- H: psi <- psi (1 - beta (1 - w)), beta = S / phi, with the S from before D

`ResonantTensor.cpu_cycle` is the same with noise and a snap. `dhsr_flow` has the forms with forcing and damping.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from syntonic._core import (
    PHI,
    PHI_INVERSE,
    PHI_INVERSE_SQUARED,
    ComplexTensor,
    ResonantTensor,
    Tensor,
    py_golden_weights,
)

Field = TypeVar("Field", Tensor, ComplexTensor)
"""A real field, or a complex one."""


def each_part(psi: Field, linear: Callable[[Tensor], Tensor]) -> Field:
    """Returns a real-linear function of a field: of a complex one, of each of its parts."""
    if isinstance(psi, ComplexTensor):
        return ComplexTensor(linear(psi.real), linear(psi.imag))
    return linear(psi)


def scaled(psi: Field, factors: Sequence[float]) -> Field:
    """Returns psi with each feature times its factor.

    Raises:
        ValueError: If there are not as many factors as features.
    """
    if not psi.shape or psi.shape[-1] != len(factors):
        raise ValueError(f"expected a field of (..., {len(factors)}) for {len(factors)} features, got {psi.shape}")
    return each_part(psi, lambda x: x * Tensor(factors, dtype=x.dtype))


def syntony(psi: Tensor | ComplexTensor, mode_norms: Sequence[float]) -> float:
    """Returns S; 0 without energy."""
    both = psi.real.concat([psi.imag], 0) if isinstance(psi, ComplexTensor) else psi
    return ResonantTensor.from_flux(both, mode_norms=mode_norms).syntony


def differentiation(psi: Field, mode_norms: Sequence[float], syntony: float) -> Field:
    """Returns D psi."""
    alpha = PHI_INVERSE_SQUARED * (1 - syntony)
    return scaled(psi, [1 + alpha * math.sqrt(n) for n in mode_norms])


def harmonization(psi: Field, mode_norms: Sequence[float], syntony: float) -> Field:
    """Returns H psi."""
    beta = PHI_INVERSE * syntony
    return scaled(psi, [1 - beta * (1 - w) for w in py_golden_weights(mode_norms)])


def dhsr_cycle(psi: Field, mode_norms: Sequence[float], cycles: int = 1) -> tuple[Field, float]:
    """Returns the field after some cycles and its S, which is measured anew before each of them.

    >>> psi, s = dhsr_cycle(Tensor([1.0, 1.0], dtype="float64"), [0.0, 1.0])
    >>> round(s, 4), [round(x, 4) for x in psi.tolist()]
    (0.8068, [1.0, 0.8495])
    """
    s = syntony(psi, mode_norms)
    for _ in range(cycles):
        psi = harmonization(differentiation(psi, mode_norms, s), mode_norms, s)
        s = syntony(psi, mode_norms)
    return psi, s


def dh_partition(mode_norms: Sequence[float], syntony: float) -> float:
    """Returns the largest |alpha |n| - beta (1 - w)|: 0 if H took back what D adds, which in general it does not."""
    alpha, beta = PHI_INVERSE_SQUARED * (1 - syntony), PHI_INVERSE * syntony
    weights = py_golden_weights(mode_norms)
    return max(
        (abs(alpha * math.sqrt(n) - beta * (1 - w)) for n, w in zip(mode_norms, weights, strict=True)), default=0.0
    )


def gnosis(psi: Tensor | ComplexTensor, mode_norms: Sequence[float]) -> float:
    """Returns |<psi, g>|^2 / (|psi|^2 |g|^2) for the golden state g = e^(-n^2 / (2 phi)); 0 without energy.

    Args:
        psi: (features,).
        mode_norms: n^2 of each feature.
    """
    golden = [math.exp(-n / (2 * PHI)) for n in mode_norms]
    parts = [psi.real, psi.imag] if isinstance(psi, ComplexTensor) else [psi]
    numbers = [part.reshape(-1).tolist() for part in parts]
    length = math.hypot(*(x for part in numbers for x in part)) * math.hypot(*golden)
    if length == 0:
        return 0.0
    return math.fsum((math.fsum(x * g for x, g in zip(part, golden, strict=True)) / length) ** 2 for part in numbers)
