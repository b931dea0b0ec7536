"""What the weights look like as operators: singular values, how many of them count, and energy by mode."""

import math
from dataclasses import dataclass

from syntonic._core import PHI
from syntonic.sn import Module, Parameter


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The spectrum of one weight, seen as a matrix (first axis, all others).

    Attributes:
        singular_values: largest first.
        radius_over_phi: the largest of them (the spectral norm) divided by phi.
        effective_rank: e^H of the singular values as shares of their sum (Roy and Vetterli, EUSIPCO 2007); 0 for a
            weight of zeros.
        mode_energy: share of the energy in each mode, by the parameter's mode norms, lowest norm first, as
            (norm |n|^2, share).
        syntony: S of the parameter.
    """

    singular_values: list[float]
    radius_over_phi: float
    effective_rank: float
    mode_energy: list[tuple[float, float]]
    syntony: float


def spectra(model: Module) -> dict[str, Spectrum]:
    """Returns the spectrum of every parameter of two axes or more, by its name."""
    return {name: spectrum(p) for name, p in model.named_parameters() if len(p.shape) >= 2}


def spectrum(parameter: Parameter) -> Spectrum:
    """Returns the spectrum of one parameter.

    Raises:
        ValueError: fewer than two axes.
    """
    shape = parameter.shape
    if len(shape) < 2:
        raise ValueError(f"a spectrum needs a matrix; the parameter has shape {shape}")
    rows, columns = shape[0], math.prod(shape[1:])
    matrix = parameter.data.to_tensor("float64").reshape((rows, columns))
    values = matrix.singular_values()
    return Spectrum(
        singular_values=values,
        radius_over_phi=values[0] / PHI,
        effective_rank=_effective_rank(values),
        mode_energy=_energy_by_mode(parameter),
        syntony=parameter.data.syntony,
    )


def _effective_rank(values: list[float]) -> float:
    total = math.fsum(values)
    if total == 0:
        return 0.0
    shares = [value / total for value in values if value > 0]
    return math.exp(-math.fsum(p * math.log(p) for p in shares))


def _energy_by_mode(parameter: Parameter) -> list[tuple[float, float]]:
    norms = parameter.data.mode_norms
    energies = dict.fromkeys(sorted(norms), 0.0)
    for i, value in enumerate(parameter.values()):
        energies[norms[i % len(norms)]] += value * value
    total = math.fsum(energies.values())
    return [(norm, energy / total if total else 0.0) for norm, energy in energies.items()]
