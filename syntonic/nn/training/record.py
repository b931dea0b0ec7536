"""What one generation found, for progress, tracking and callbacks."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from syntonic._core import generation_figures

SIGNAL: Final = "signal/"  # before the name of a parameter whose signal was measured, in some generations
_LOSS, *_OTHERS = [name for name, _, tracked in generation_figures() if tracked]


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
    _metrics: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        """Returns the figures to track, by name; the same dict every time, which is not to be changed."""
        if not self._metrics:  # tracker, display and callbacks ask, and a generation may take ten microseconds
            figures = self.figures
            self._metrics[_LOSS] = float(figures[_LOSS])
            self._metrics.update(self.details)
            for name in _OTHERS:
                self._metrics[name] = float(figures[name])
            self._metrics["archonic"] = float(self.is_archonic)
            seconds = self.seconds
            self._metrics["evaluations_per_second"] = self.population_size / seconds if seconds > 0 else 0.0
            self._metrics["seconds"] = seconds
        return self._metrics


def names_of_metrics(details: Iterable[str]) -> list[str]:
    """Returns the names of the metrics of a record whose benchmark reports `details`, in their order."""
    return list(dict.fromkeys([_LOSS, *details, *_OTHERS, "archonic", "evaluations_per_second", "seconds"]))


GenerationRecord.__doc__ = f"{GenerationRecord.__doc__}\n    Figures:\n" + "".join(
    f"        {name}: {doc.strip()}\n" for name, doc, _ in generation_figures()
)
