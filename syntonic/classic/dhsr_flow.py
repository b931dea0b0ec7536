"""The cycle's long forms: forcing and diffusion in D, a cascade of dampings in H, and what masks or pulls a field.

S is the field's syntony, measured before the step and passed in; every strength is an argument.
"""

import math
from collections.abc import Sequence

from syntonic._core import PHI, ComplexTensor, Tensor, linalg_mm
from syntonic.classic.dhsr import Field, each_part, scaled


def laplacian(psi: Field, axes: int = 1) -> Field:
    """Returns the sum of the periodic second differences x_(i-1) - 2 x_i + x_(i+1) along the last `axes` axes.

    Raises:
        ValueError: If there are fewer axes, or axes is not above 0.
    """
    if not 1 <= axes <= len(psi.shape):
        raise ValueError(f"expected 1 to {len(psi.shape)} axes of a field of shape {psi.shape}, got {axes}")

    def of_part(x: Tensor) -> Tensor:
        total = Tensor.zeros(x.shape, x.dtype)
        for axis in range(-axes, 0):
            places = range(x.shape[axis])
            before = x.index_select(axis, [(i - 1) % len(places) for i in places])
            after = x.index_select(axis, [(i + 1) % len(places) for i in places])
            total = total + before - x * 2 + after
        return total

    return each_part(psi, of_part)


def _mixed(terms: Sequence[tuple[float, Field]]) -> Field:
    """Returns the sum of factor * field."""
    first = terms[0][1]
    if isinstance(first, ComplexTensor):
        real = _mixed([(factor, field.real) for factor, field in terms])
        return ComplexTensor(real, _mixed([(factor, field.imag) for factor, field in terms]))
    total = first * terms[0][0]
    for factor, field in terms[1:]:
        total = total + field * factor
    return total


def differentiation_full(
    psi: Field, forcing: Field, syntony: float, *, alpha: float, zeta: float, axes: int = 1
) -> Field:
    """Returns psi + (1 - S) (alpha F + zeta Laplace psi), with the forcing F of psi's shape."""
    missing = 1 - syntony
    return _mixed([(1.0, psi), (alpha * missing, forcing), (zeta * missing, laplacian(psi, axes))])


def damping_cascade(
    psi: Field, mode_norms: Sequence[float], syntony: float, *, beta: float, delta: float = 0.0, levels: int = 3
) -> Field:
    """Returns psi max(0, 1 - sum of phi^-l beta S (1 + delta) max(0, n^2 - t^2)), t = (l + 1) phi, l from 0."""
    strength = beta * syntony * (1 + delta)

    def kept(norm: float) -> float:
        over = (PHI**-level * max(0.0, norm - ((level + 1) * PHI) ** 2) for level in range(levels))
        return max(0.0, 1 - strength * math.fsum(over))

    return scaled(psi, [kept(norm) for norm in mode_norms])


def syntony_projection(psi: Field, target: Field, syntony: float, *, gamma: float) -> Field:
    """Returns (1 - gamma S) psi + gamma S target."""
    share = gamma * syntony
    return _mixed([(1 - share, psi), (share, target)])


def dhsr_step(
    psi: Field,
    forcing: Field,
    target: Field,
    mode_norms: Sequence[float],
    syntony: float,
    *,
    alpha: float,
    zeta: float,
    beta: float,
    gamma: float,
) -> Field:
    """Returns the long D, then the cascade, then the projection to `target`, all with the S from before."""
    moved = differentiation_full(psi, forcing, syntony, alpha=alpha, zeta=zeta)
    damped = damping_cascade(moved, mode_norms, syntony, beta=beta)
    return syntony_projection(damped, target, syntony, gamma=gamma)


def harmonize_history(x: Tensor, past: Tensor, syntony: float, *, pull: float, threshold: float) -> Tensor:
    """Returns (1 - l) x + l past, l = pull max(0, S - threshold) / threshold, at most 1.

    Raises:
        ValueError: Unless threshold > 0.
    """
    share = min(1.0, pull * max(0.0, syntony - _above_zero(threshold)) / threshold)
    return x * (1 - share) + past * share


def gnosis_mask(
    x: Tensor,
    syntony: float,
    *,
    threshold: float | Sequence[float],
    strength: float,
    levels: int = 1,
    past: float | None = None,
    memory: float = 0.5,
) -> Tensor:
    """Returns x (1 + strength (S - t)) for S of at least the threshold t, else x (S / t) (1 - strength).

    Args:
        x: (..., features).
        syntony: S.
        threshold: t, or one for each feature: the adaptive mask.
        strength: How much the mask strengthens and weakens.
        levels: How often it is applied, each time with t and strength 1/phi of those before: the fractal mask.
        past: The syntony of before. With it, what counts as S is memory past + (1 - memory) S: the temporal mask.
        memory: The share of the past.

    Raises:
        ValueError: Unless threshold > 0, or if there are not as many thresholds as features.
    """
    each = [threshold] if isinstance(threshold, int | float) else threshold
    s = syntony if past is None else memory * past + (1 - memory) * syntony
    factors = [1.0] * len(each)
    for level in range(levels):
        for i, first in enumerate(each):
            edge, force = _above_zero(first) * PHI**-level, strength * PHI**-level
            factors[i] *= 1 + force * (s - edge) if s >= edge else s / edge * (1 - force)
    return x * factors[0] if isinstance(threshold, int | float) else scaled(x, factors)


def archonic_filter(gradient: Tensor, x: Tensor, *, threshold: float) -> Tensor:
    """Returns the gradient g with 0 where |atan2(g, phi x)| exceeds the threshold."""
    pairs = zip(gradient.reshape(-1).tolist(), x.reshape(-1).tolist(), strict=True)
    kept = [g if abs(math.atan2(g, PHI * v)) <= threshold else 0.0 for g, v in pairs]
    return Tensor(kept, gradient.shape, gradient.dtype)


def entropy(p: Tensor) -> float:
    """Returns -sum p ln p; 0 ln 0 = 0.

    Raises:
        ValueError: If a number is negative.
    """
    return -math.fsum(v * math.log(v) for v in p.reshape(-1).tolist() if v != 0)


def fourier_projection(psi: Tensor | ComplexTensor, frequencies: Sequence[int]) -> ComplexTensor:
    """Returns the part of psi (n,) that lies in these frequencies of its discrete Fourier transform.

    Raises:
        ValueError: Unless psi has one axis.
    """
    if len(psi.shape) != 1:
        raise ValueError(f"expected a field of one axis, got shape {psi.shape}")
    n = psi.shape[0]
    kept = sorted({frequency % n for frequency in frequencies}) if n else []
    # Row j, column k of the projector depend on j - k alone; the phase is reduced in integers.
    waves = [[math.tau * (m * d % n) / n for m in kept] for d in range(n)]
    cosine = [math.fsum(map(math.cos, wave)) / n for wave in waves]
    sine = [math.fsum(map(math.sin, wave)) / n for wave in waves]
    rows = [[(j - k) % n for k in range(n)] for j in range(n)]
    parts = [Tensor([[table[d] for d in row] for row in rows], (n, n), "float64") for table in (cosine, sine)]
    wide = psi if isinstance(psi, ComplexTensor) else ComplexTensor(psi)
    found: ComplexTensor = linalg_mm(ComplexTensor(*parts), each_part(wide, lambda x: x.reshape((n, 1))))
    return each_part(found, lambda x: x.reshape((n,)))


def _above_zero(threshold: float) -> float:
    if not threshold > 0:
        raise ValueError(f"expected a threshold above 0, got {threshold}")
    return threshold
