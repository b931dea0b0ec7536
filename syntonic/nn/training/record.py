"""What one generation found, for progress, tracking and callbacks."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """Figures of one generation; `loss` and `details` are the centre's on the generation's batch, before the step."""

    generation: int
    """Generations done, this one included."""
    evaluations: int
    """Members evaluated so far."""
    best_fitness: float
    """Fitness (minus the loss) of the best member; NaN if none is a number."""
    mean_fitness: float
    """Mean fitness of the members whose fitness is a number."""
    nan_members: int
    """Members whose fitness is not a number; they count as worst."""
    loss: float
    details: Mapping[str, float]
    """The benchmark's metrics, such as accuracy."""
    syntony: float
    """Syntony S of the new centre, 0 to 1."""
    is_archonic: bool
    """Whether syntony went up and down and got nowhere, when last looked at; see `core.archonic`."""
    attractors: int
    """States remembered."""
    sigma: float
    """Standard deviation of the noise."""
    step_size: float
    """Step size that was used."""
    seconds: float
    """Wall time of the generation, its batch included."""
    population_size: int
    """Members of the generation."""

    def metrics(self) -> dict[str, float]:
        """Returns the figures to track, by name."""
        return {
            "loss": self.loss,
            **self.details,
            "best_fitness": self.best_fitness,
            "mean_fitness": self.mean_fitness,
            "nan_members": float(self.nan_members),
            "syntony": self.syntony,
            "archonic": float(self.is_archonic),
            "attractors": float(self.attractors),
            "sigma": self.sigma,
            "step_size": self.step_size,
            "evaluations_per_second": self.population_size / self.seconds if self.seconds > 0 else 0.0,
            "seconds": self.seconds,
        }
