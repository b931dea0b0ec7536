"""How much the loss depends on each parameter, without a gradient: finite differences along random directions."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from syntonic._core import Tensor
from syntonic.sn import Module, Parameter


class Task(Protocol):
    """What is needed of a benchmark."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Returns a scalar."""
        ...


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the loss answers to moves of one parameter along random unit directions.

    Attributes:
        slope: root mean square of the central differences (L+ - L-) / (2 step): for a smooth loss, and as many
            directions as wanted, the length of the gradient divided by the root of the number of values.
        curvature: mean of (L+ - 2 L + L-) / step^2.
        agreement: share of directions in which both one-sided differences have the same sign; near 1/2 the step is too
            large for a slope, or there is none.
        snap_change: change of the loss when this parameter alone is crystallized; 0 if it is already.
    """

    slope: float
    curvature: float
    agreement: float
    snap_change: float


def sensitivity(
    model: Module,
    benchmark: Task,
    batch: tuple[Tensor, Tensor],
    *,
    step: float = 1e-2,
    directions: int = 16,
    seed: int = 0,
) -> dict[str, Sensitivity]:
    """Returns the sensitivity of each parameter, by its name; the model is left as it was.

    Args:
        model: in any state, with dropout switched off by `eval()`.
        benchmark: its loss is what changes.
        batch: inputs and targets, cast to float64.
        step: length of a move.
        directions: moves of each parameter, each there and back.
        seed: draws the directions.

    Raises:
        ValueError: a step that is not positive, or no direction.
    """
    if not step > 0 or directions < 1:
        raise ValueError(f"step is {step}, directions is {directions}; both must be positive")
    inputs, targets = (part.astype("float64") for part in batch)

    def loss() -> float:
        return benchmark.loss(model(inputs), targets).item()

    report = {}
    for index, (name, parameter) in enumerate(model.named_parameters()):
        with _restored(parameter):
            data = parameter.data
            data.crystallize()
            snapped = loss()
        start = loss()
        slopes, curvatures, agreeing = [], [], 0
        with _restored(parameter):
            centre = parameter.values()
            for direction in range(directions):
                unit = _direction(parameter, seed, index * directions + direction)
                _move(parameter, centre, unit, step)
                there = loss()
                _move(parameter, centre, unit, -step)
                back = loss()
                slopes.append((there - back) / (2 * step))
                curvatures.append((there - 2 * start + back) / step**2)
                agreeing += (there > start) is (start > back)
        report[name] = Sensitivity(
            slope=math.sqrt(math.fsum(s * s for s in slopes) / directions),
            curvature=math.fsum(curvatures) / directions,
            agreement=agreeing / directions,
            snap_change=snapped - start,
        )
    return report


@contextmanager
def _restored(parameter: Parameter) -> Iterator[None]:
    """Puts the parameter back afterwards, bit for bit."""
    saved = parameter.save()
    try:
        yield
    finally:
        parameter.load(saved)


def _direction(parameter: Parameter, seed: int, index: int) -> list[float]:
    noise = Parameter(parameter.shape, init="normal")
    noise.initialize(seed, index)
    values = noise.values()
    length = math.sqrt(math.fsum(z * z for z in values))
    return [z / length for z in values]


def _move(parameter: Parameter, centre: list[float], unit: list[float], step: float) -> None:
    parameter.data.set_flux(Tensor([c + step * u for c, u in zip(centre, unit, strict=True)], dtype="float64"))
