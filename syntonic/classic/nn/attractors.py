"""A memory of syntonic tensors: each pulls with the weight S^2 decay^age.

Runs have a memory of their own in the core, which admits by score; this one is that of the documents' evolver.
"""

import math
from dataclasses import dataclass
from typing import Final

from syntonic._core import ResonantTensor


@dataclass(frozen=True)
class Attractor:
    """A remembered tensor.

    Attributes:
        tensor: a copy of what was offered.
        syntony: it had then.
        generation: in which it was offered.
    """

    tensor: ResonantTensor
    syntony: float
    generation: int


class AttractorMemory:
    """At most `capacity` tensors; a full one gives up the least weight for a larger S^2.

    Args:
        capacity: tensors that are remembered.
        min_syntony: below it nothing is admitted.
        decay_rate: of a weight, in one generation.

    Raises:
        ValueError: a capacity below 1, or a rate or a syntony outside of 0 to 1.
    """

    def __init__(self, capacity: int = 32, min_syntony: float = 0.7, decay_rate: float = 0.98) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}; it must be at least 1")
        for name, share in {"min_syntony": min_syntony, "decay_rate": decay_rate}.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; it must lie in 0 to 1")
        self.capacity: Final = capacity
        self.min_syntony: Final = min_syntony
        self.decay_rate: Final = decay_rate
        self.generation = 0
        self._attractors: list[Attractor] = []

    def __len__(self) -> int:
        return len(self._attractors)

    @property
    def attractors(self) -> list[Attractor]:
        """What is remembered, oldest offer first."""
        return list(self._attractors)

    def maybe_add(self, tensor: ResonantTensor, syntony: float | None = None, generation: int | None = None) -> bool:
        """Offers a tensor, with its own syntony and the present generation unless told otherwise.

        Returns:
            Whether it was admitted.

        Raises:
            ValueError: a tensor of another shape than those remembered.
        """
        found = tensor.syntony if syntony is None else syntony
        if self._attractors and tensor.shape != self._attractors[0].tensor.shape:
            shape = self._attractors[0].tensor.shape
            raise ValueError(f"expected a tensor of shape {shape} as those remembered, got {tensor.shape}")
        if not found >= self.min_syntony:
            return False
        self.generation = max(self.generation, self.generation if generation is None else generation)
        new = Attractor(tensor.clone(), found, self.generation if generation is None else generation)
        if len(self._attractors) < self.capacity:
            self._attractors.append(new)
            return True
        weights = self.weights()
        least = weights.index(min(weights))
        if found**2 <= weights[least]:
            return False
        del self._attractors[least]
        self._attractors.append(new)
        return True

    def weights(self) -> list[float]:
        """Returns S^2 decay^age of each, in the order of `attractors`."""
        return [
            attractor.syntony**2 * self.decay_rate ** max(0, self.generation - attractor.generation)
            for attractor in self._attractors
        ]

    def centroid(self) -> list[float] | None:
        """Returns the mean of the values by weight, row-major; None without any weight."""
        weights = self.weights()
        total = math.fsum(weights)
        if total == 0:
            return None
        columns = zip(*(attractor.tensor.to_floats() for attractor in self._attractors), strict=True)
        return [math.fsum(w * x for w, x in zip(weights, column, strict=True)) / total for column in columns]

    def pull(self, tensor: ResonantTensor) -> ResonantTensor:
        """Returns centroid - tensor in flux: where a tensor is pulled; zeros without attractors."""
        centre = self.centroid()
        values = [0.0] * tensor.size
        if centre is not None:
            values = [c - x for c, x in zip(centre, tensor.to_floats(), strict=True)]
        return ResonantTensor.from_flux(values, tensor.shape, tensor.mode_norms, tensor.precision)

    def top(self, k: int) -> list[Attractor]:
        """Returns the k attractors of the largest weight, largest first."""
        order = sorted(zip(self.weights(), range(len(self)), strict=True), reverse=True)
        return [self._attractors[i] for _, i in order[: max(k, 0)]]

    def apply_decay(self, generations: int = 1) -> None:
        """Lets time pass."""
        self.generation += generations

    def clear(self) -> None:
        """Forgets all."""
        self._attractors = []
