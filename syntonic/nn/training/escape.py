"""Ways out of a dead end: each mechanism acts on the trainer's genome, which the next generation starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Escapable(Protocol):
    """What a mechanism acts on: a trainer with a run behind it."""

    def shock(self, multiplier: float, duration: int) -> None:
        """Multiplies sigma for the next `duration` generations, ever less."""
        ...

    def displace(self, magnitude: float, *, golden_scaling: bool = False, unit: bool = False) -> None:
        """Moves the centre by noise."""
        ...


class Escape(Protocol):
    """A way out."""

    def apply(self, trainer: Escapable, severity: float) -> None:
        """Takes it; `severity` is 0 to 1, as `core.archonic` measures it."""
        ...


@dataclass(frozen=True)
class NoiseInjection:
    """Adds noise of `scale` standard deviations of each parameter to it.

    Attributes:
        scale: in standard deviations of the parameter's values.
        golden_scaling: whether parameter i of n takes phi^(-i/n) as much.
        adaptive: whether a severity s makes it 1 + s times as much.
    """

    scale: float = 0.01
    golden_scaling: bool = True
    adaptive: bool = True

    def apply(self, trainer: Escapable, severity: float) -> None:
        """Moves the centre."""
        factor = 1 + severity if self.adaptive else 1.0
        trainer.displace(self.scale * factor, golden_scaling=self.golden_scaling)


@dataclass(frozen=True)
class SigmaShock:
    """Makes the population wider for a while: what a shock to the learning rate is to a gradient method.

    Attributes:
        multiplier: of sigma, at the start.
        duration: generations in which it falls back to 1.
    """

    multiplier: float = 3.0
    duration: int = 10

    def apply(self, trainer: Escapable, severity: float) -> None:
        """Widens the population."""
        trainer.shock(self.multiplier, self.duration)


@dataclass(frozen=True)
class WeightPerturbation:
    """Moves each parameter in one random direction, by far less than noise in each of its values would.

    Attributes:
        magnitude: length of the move, in standard deviations of the parameter's values.
    """

    magnitude: float = 0.1

    def apply(self, trainer: Escapable, severity: float) -> None:
        """Moves the centre."""
        trainer.displace(self.magnitude, unit=True)


@dataclass(frozen=True)
class CombinedEscape:
    """Takes every way whose threshold the severity reaches.

    Attributes:
        mechanisms: the ways, mildest first.
        thresholds: one severity for each; None: i / n for the i-th of n.
    """

    mechanisms: Sequence[Escape]
    thresholds: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.thresholds is not None and len(self.thresholds) != len(self.mechanisms):
            raise ValueError(f"{len(self.mechanisms)} mechanisms need as many thresholds, not {len(self.thresholds)}")

    def apply(self, trainer: Escapable, severity: float) -> None:
        """Takes the ways in order."""
        count = len(self.mechanisms)
        thresholds = self.thresholds or [i / count for i in range(count)]
        for mechanism, threshold in zip(self.mechanisms, thresholds, strict=True):
            if severity >= threshold:
                mechanism.apply(trainer, severity)
