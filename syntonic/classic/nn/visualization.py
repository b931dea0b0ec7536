"""Figures of syntony by the names of the documents. They need matplotlib: `pip install syntonic[plots]`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syntonic._core import PHI_INVERSE
from syntonic.core.archonic import NOISE_FLOOR, WINDOW
from syntonic.nn.analysis import (
    ArchonicDetector,
    ArchonicRegion,
    plot_layer_syntonies,
    plot_spectra,
    plot_syntony_history,
    spectra,
)
from syntonic.nn.training.metrics import layer_syntonies
from syntonic.sn import Module

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def archonic_regions(
    syntonies: Sequence[float],
    *,
    window: int = WINDOW,
    target: float = PHI_INVERSE,
    noise_floor: float = NOISE_FLOOR,
) -> list[ArchonicRegion]:
    """Returns the archonic regions of a history, from generation 1; see `ArchonicDetector` for the arguments."""
    detector = ArchonicDetector(window, target=target, noise_floor=noise_floor)
    for generation, syntony in enumerate(syntonies, start=1):
        detector.update(generation, syntony)
    return detector.regions


def plot_archonic_regions(
    syntonies: Sequence[float],
    regions: Sequence[ArchonicRegion] | None = None,
    *,
    window: int = WINDOW,
    target: float = PHI_INVERSE,
    save_path: str | Path | None = None,
) -> "Figure":
    """Returns syntony by generation with archonic regions shaded by their severity.

    Args:
        syntonies: S of the centre after each generation, from generation 1.
        regions: the regions; found in the history where none are given.
        window: generations that are looked at together.
        target: where the line is, and the syntony that is enough.
        save_path: a file that the figure is written to as well; its ending says the format.
    """
    found = archonic_regions(syntonies, window=window, target=target) if regions is None else regions
    return _kept(plot_syntony_history(syntonies, target=target, regions=found), save_path)


class SyntonyViz:
    """The figures of a run in one place: what was recorded, and the model as it stands.

    Args:
        model: whose parameters the figures show; None: a history alone.
        target: where the line is.
    """

    def __init__(self, model: Module | None = None, *, target: float = PHI_INVERSE) -> None:
        self._model: Final = model
        self._target: Final = target
        self.syntony_history: list[float] = []

    def update(self, syntony: float | Mapping[str, float]) -> None:
        """Adds the syntony of a generation: the number, or the metrics that hold it."""
        self.syntony_history.append(float(syntony["syntony"] if isinstance(syntony, Mapping) else syntony))

    def plot_syntony_history(self, save_path: str | Path | None = None) -> "Figure":
        """Returns syntony by generation, with the target."""
        return _kept(plot_syntony_history(self.syntony_history, target=self._target), save_path)

    def plot_archonic_regions(self, window: int = WINDOW, save_path: str | Path | None = None) -> "Figure":
        """Returns the same with archonic regions shaded."""
        return plot_archonic_regions(self.syntony_history, window=window, target=self._target, save_path=save_path)

    def plot_layer_syntonies(
        self, syntonies: Mapping[str, float] | None = None, save_path: str | Path | None = None
    ) -> "Figure":
        """Returns a bar for the syntony of each parameter: those given, or the model's."""
        return _kept(
            plot_layer_syntonies(layer_syntonies(self._shown()) if syntonies is None else syntonies), save_path
        )

    def plot_spectra(self, save_path: str | Path | None = None) -> "Figure":
        """Returns the singular values of each of the model's weights."""
        values = {name: spectrum.singular_values for name, spectrum in spectra(self._shown()).items()}
        return _kept(plot_spectra(values), save_path)

    def _shown(self) -> Module:
        if self._model is None:
            raise ValueError("there is no model to show; write SyntonyViz(model)")
        return self._model


def _kept(figure: "Figure", path: str | Path | None) -> "Figure":
    if path is not None:
        figure.savefig(path)
    return figure
