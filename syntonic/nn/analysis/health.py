"""Is a run in good health? A few figures, what they warn of, and what to try."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import archonic
from syntonic.nn.analysis.spectral import spectra
from syntonic.sn import Module

HEALTHY: Final = 0.6
WIDE: Final = 100.0
"""Ratio of the largest to the smallest spectral norm beyond which layers work at different scales."""
THIN: Final = 0.1
"""Share of the possible rank below which a weight is nearly of lower rank."""
RECENT: Final = 50


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of a run; every share is 0 (ill) to 1 (well).

    Attributes:
        syntony: the centre's syntony as a share of the target, at most 1.
        search: share of the last generations' members whose fitness was a number, halved if the mean fitness fell.
        weights: share of the weights with a sane scale and rank.
        overall: .4 syntony + .4 search + .2 weights.
        warnings: what is wrong.
        recommendations: what to try, one for each warning.
    """

    syntony: float
    search: float
    weights: float
    overall: float
    warnings: list[str]
    recommendations: list[str]

    @property
    def is_healthy(self) -> bool:
        """Whether the whole is above .6."""
        return self.overall > HEALTHY


def health(
    model: Module,
    records: Sequence[Mapping[str, float]],
    *,
    population_size: int,
    target: float = PHI_INVERSE,
) -> HealthReport:
    """Judges a model and the metrics of its generations, oldest first.

    Args:
        model: as it stands.
        records: what `GenerationRecord.metrics()` returned, one for each generation; at least one.
        population_size: members of a generation.
        target: syntony that is enough, above 0 and at most 1.

    Raises:
        ValueError: no record, or a target out of range.
    """
    if not records:
        raise ValueError("health needs the metrics of at least one generation")
    findings: list[tuple[str, str]] = []
    recent = records[-RECENT:]
    syntony = _syntony(records, target, findings)
    search = _search(recent, population_size, findings)
    weights = _weights(model, findings)
    return HealthReport(
        syntony=syntony,
        search=search,
        weights=weights,
        overall=0.4 * syntony + 0.4 * search + 0.2 * weights,
        warnings=[warning for warning, _ in findings],
        recommendations=[advice for _, advice in findings],
    )


def _syntony(records: Sequence[Mapping[str, float]], target: float, findings: list[tuple[str, str]]) -> float:
    values = [record["syntony"] for record in records]
    if archonic(values, window=max(4, min(RECENT, len(values))), target=target).is_archonic:
        findings.append(
            (
                "syntony goes up and down and gets nowhere",
                "callbacks=archonic with action noise or shock, or a larger lambda_syntony if syntony is what you want",
            )
        )
    return min(1.0, max(0.0, values[-1] / target))


def _search(recent: Sequence[Mapping[str, float]], population_size: int, findings: list[tuple[str, str]]) -> float:
    lost = math.fsum(record["nan_members"] for record in recent) / (population_size * len(recent))
    share = 1.0 - lost
    if lost > 0:
        findings.append((f"{lost:.1%} of the members have no fitness", "a smaller sigma, or a smaller learning_rate"))
    half = len(recent) // 2
    fitness = [record["mean_fitness"] for record in recent]
    if half and not math.fsum(fitness[half:]) / (len(fitness) - half) >= math.fsum(fitness[:half]) / half:
        share /= 2
        findings.append(("the mean fitness is falling", "a smaller learning_rate, or a larger population_size"))
    return share


def _weights(model: Module, findings: list[tuple[str, str]]) -> float:
    found = spectra(model)
    if not found:
        return 1.0
    norms = {name: spectrum.singular_values[0] for name, spectrum in found.items()}
    others = sorted(norm for norm in norms.values() if norm > 0) or [0.0]
    middle = others[(len(others) - 1) // 2]
    sane = 0
    for name, spectrum in found.items():
        if norms[name] == 0:
            findings.append((f"{name} is zero", "a finer lattice (precision), or another initial law"))
        elif not middle / WIDE <= norms[name] <= middle * WIDE:
            findings.append((f"{name} has spectral norm {norms[name]:.3g}, others {middle:.3g}", "another initial law"))
        elif spectrum.effective_rank < THIN * len(spectrum.singular_values):
            findings.append(
                (f"{name} is nearly of rank {spectrum.effective_rank:.1f}", "a smaller layer, or rank=null")
            )
        else:
            sane += 1
    return sane / len(found)
