"""What one generation found, for progress, tracking and callbacks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syntonic._core import generation_figures

_TRACKED: Final = [name for name, _, tracked in generation_figures() if tracked]


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """Figures of one generation. `loss` and `details` are the centre's on the generation's batch, before the step.

    Each of the core's figures, described in `rust_core/src/evolve/record.rs`, is an attribute as well: `record.loss`.
    """

    figures: Mapping[str, float]
    """The core's figures by name."""
    details: Mapping[str, float]
    """The benchmark's metrics, such as accuracy."""
    is_archonic: bool
    """Whether syntony went up and down and got nowhere, when last looked at; see `core.archonic`."""
    seconds: float
    """Wall time of the generation, its batch included."""
    population_size: int
    """Members of the generation; of perturbed activations, its forward passes over the batch."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (a whole number or a float)
        """Returns one of the core's figures."""
        if name.startswith("__") or name not in self.figures:
            raise AttributeError(f"a record has no figure {name!r}")
        return self.figures[name]

    @property
    def is_blind(self) -> bool:
        """Whether the fitness of every member was NaN, so that the generation has learnt nothing from them."""
        return math.isnan(self.figures["mean_fitness"])

    def metrics(self) -> dict[str, float]:
        """Returns the figures to track, by name."""
        loss, *others = _TRACKED
        return {
            loss: float(self.figures[loss]),
            **self.details,
            **{name: float(self.figures[name]) for name in others},
            "archonic": float(self.is_archonic),
            "evaluations_per_second": self.population_size / self.seconds if self.seconds > 0 else 0.0,
            "seconds": self.seconds,
        }


GenerationRecord.__doc__ = f"{GenerationRecord.__doc__}\n    Figures:\n" + "".join(
    f"        {name}: {doc.strip()}\n" for name, doc, _ in generation_figures()
)
